//! The page docs/conformance.md: what was checked of which resource, and how often.

use std::collections::BTreeMap;

use super::{Check, Counts, DEFECTS, Extent, is_left_out};

/// What was found, by resource.
pub type Found = BTreeMap<String, Counts>;

/// The page's text.
pub fn text(found: &Found, extent: Extent) -> String {
    let how = match extent {
        Extent::Full => {
            "With `FULL=1`: the provider was killed at every call, each from a fresh start."
        }
        _ => {
            "Kills follow one another within a command; `FULL=1` kills at every call from a fresh start."
        }
    };
    let mut page = format!(
        "# Conformance\n\n\
         What the conformance harness has checked of each resource, and in how many cases. Written by\n\
         `make conformance`; `make conformance RESOURCE=travel_network` renews one row, and\n\
         `make conformance RESOURCE=travel_network CHECK=crash` runs one check. {how}\n\n\
         | check | what holds |\n|---|---|\n"
    );
    for check in Check::ALL {
        page.push_str(&format!("| {} | {} |\n", check.name(), meaning(check)));
    }
    page.push_str("\n| resource |");
    for check in Check::ALL {
        page.push_str(&format!(" {} |", check.name()));
    }
    page.push_str(&format!("\n|---|{}\n", "--:|".repeat(Check::ALL.len())));
    for (type_name, counts) in found {
        page.push_str(&format!("| `{type_name}` |"));
        for check in Check::ALL {
            if is_left_out(type_name, check) {
                page.push_str(" open |");
                continue;
            }
            page.push_str(&format!(" {} |", counts.get(&check).copied().unwrap_or_default()));
        }
        page.push('\n');
    }
    if !DEFECTS.is_empty() {
        page.push_str("\nWhat is known not to hold yet, and therefore left out:\n\n");
    }
    for defect in DEFECTS {
        page.push_str(&format!(
            "- `{}`, {}: {}\n",
            defect.type_name,
            defect.check.name(),
            defect.what
        ));
    }
    page
}

/// What the rows of a page say.
pub fn found(page: &str) -> Found {
    let row = |line: &str| {
        let (type_name, cells) = line.strip_prefix("| `")?.split_once("` |")?;
        // What was left out has no number.
        let count = |cell: &str| cell.trim().parse().unwrap_or_default();
        let counts = Check::ALL.into_iter().zip(cells.split('|').map(count));
        Some((type_name.to_owned(), counts.collect()))
    };
    page.lines().filter_map(row).collect()
}

const fn meaning(check: Check) -> &'static str {
    match check {
        Check::Steps => {
            "Each plan is what its step says, changes only what is written anew, and is empty once it is applied; a replacement is announced"
        }
        Check::Drift => {
            "What somebody else changes is planned to be changed back, and nothing else; what is not the resource's own stays, through updates and the destroy"
        }
        Check::Import => {
            "An import by id and by identity leaves nothing to set but what only the provider reads, and ends in the same state"
        }
        Check::Destroy => {
            "A destroy leaves just what was there before, also where more and more parts are gone that the state still knows of"
        }
        Check::Crash => {
            "The provider is killed at a call, before it arrives or after it was carried out; the same command goes on, and nothing is there twice, too much, or anew; also where lists by tags lag five seconds, and under create_before_destroy"
        }
        Check::Interrupt => {
            "A command is interrupted at a call or while it waits; what was made is in the state and not tainted, and the next apply goes on, also without a refresh"
        }
        Check::Faults => {
            "While every few calls are throttled, fail or are cut off, one call is refused: the error says which, the same command goes on, and nothing is there twice, too much, or anew; also where what was made is not found for two seconds, and an answer never comes"
        }
        Check::Budget => "A refresh makes no more calls than the resource's page declares",
        Check::Unknowns => {
            "With each written value unknown in turn the plan holds nothing that is not so later; an apply in which all are known late succeeds"
        }
        Check::Secrets => {
            "What is sensitive, and what lets others act as whoever applies, stands in no log or error, and in plan and state only in its own place; what is write-only in neither"
        }
        Check::Permissions => {
            "The whole case calls just what the page lists, and a plan succeeds where all else is refused that is not listed for it"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_row_for_each_resource() {
        let found = Found::from([
            ("travel_a".to_owned(), Counts::from([(Check::Steps, 3), (Check::Budget, 1)])),
            ("travel_b".to_owned(), Counts::new()),
        ]);
        let page = text(&found, Extent::Chained);
        assert!(page.contains(
            "| resource | steps | drift | import | destroy | crash | interrupt | faults | budget | unknowns | secrets | permissions |\n"
        ));
        assert!(
            page.contains("| `travel_a` | 3 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 |\n"),
            "{page}"
        );
        assert!(
            page.contains("| `travel_b` | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |\n"),
            "{page}"
        );
        assert_eq!(text(&self::found(&page), Extent::Chained), page);
    }
}
