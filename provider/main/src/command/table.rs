//! Tables for people: columns as wide as what stands in them.

/// The rows as lines below a line of headings. The last column is as wide as it likes.
pub fn table<const COLUMNS: usize>(
    headings: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut all = vec![headings.map(str::to_owned)];
    all.extend(rows);
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..COLUMNS).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in &all {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            let missing = width.saturating_sub(cell.chars().count());
            line.push_str(&" ".repeat(missing + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let found = table(["a", "bb", "c"], [row(["1", "2", "3"]), row(["äöü", "", "long one"])]);
        assert_eq!(found, "a    bb  c\n1    2   3\näöü      long one\n");
        assert_eq!(table(["a", "b"], []), "a  b\n");
    }
}
