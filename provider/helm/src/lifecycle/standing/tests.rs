use super::*;
use crate::release::Info;
use Status::{Deployed as D, Failed as F, PendingUpgrade as P, Superseded as S, Uninstalled as U};

fn standing(statuses: &[Status]) -> Standing {
    let release = |(status, version): (&Status, u64)| Release {
        info: Info { status: *status, ..Info::default() },
        version,
        changed_at_seconds: Some(1_000),
        ..Release::default()
    };
    Standing { history: statuses.iter().zip(1..).map(release).collect() }
}

#[test]
fn histories_say_how_a_release_stands() {
    type Versions<'a> = &'a [u64];
    let check = |statuses: &[Status], deployed: Option<u64>, stood: bool, effective: Versions| {
        let standing = standing(statuses);
        assert_eq!(standing.deployed().map(|release| release.version), deployed, "{statuses:?}");
        assert_eq!(standing.has_stood(), stood, "{statuses:?}");
        let versions: Vec<u64> =
            standing.effective().iter().map(|release| release.version).collect();
        assert_eq!(versions, effective, "{statuses:?}");
        assert_eq!(standing.next_revision(), statuses.len() as u64 + 1);
    };
    check(&[], None, false, &[]);
    check(&[F], None, false, &[1]);
    check(&[P], None, false, &[1]);
    check(&[D], Some(1), true, &[1]);
    check(&[S, D, F, P], Some(2), true, &[2, 3, 4]);
    // A process died between two writes.
    check(&[D, D], Some(2), true, &[2]);
    check(&[S, F], None, true, &[1, 2]);
    check(&[S, U], None, false, &[]);
    check(&[S, U, F], None, false, &[3]);
}

#[test]
fn what_stood_before_is_found() {
    let check = |statuses: &[Status], version: u64, expected: Option<u64>| {
        let standing = standing(statuses);
        let found = standing.stood_before(version).map(|release| release.version);
        assert_eq!(found, expected, "{statuses:?}");
    };
    check(&[S, D, F], 3, Some(2));
    check(&[S, D], 2, Some(1));
    check(&[F, F], 3, None);
    check(&[S, U, F], 3, None);
}

#[test]
fn revisions_on_their_way_are_taken_up_once_nobody_can_be_at_work() {
    let check = |is_left: bool, age: i64, expected: Result<&[u64], (u64, u64)>| {
        let standing = standing(&[D, P]);
        let is_left_behind = |release: &Release| {
            assert_eq!(release.version, 2);
            is_left
        };
        let timeout = Duration::from_secs(60);
        let left = standing.left_behind(&is_left_behind, timeout, 1_000 + age);
        let left = left.map(|left| left.iter().map(|release| release.version).collect::<Vec<_>>());
        match (left, expected) {
            (Ok(left), Ok(expected)) => assert_eq!(left, expected),
            (Err(Obstacle::Busy { seconds, left, .. }), Err(expected)) => {
                assert_eq!((seconds, left), expected);
            }
            (left, expected) => panic!("{left:?} where {expected:?} was expected"),
        }
    };
    check(false, 60, Ok(&[2]));
    check(false, 59, Err((59, 2)));
    check(false, 0, Err((0, 61)));
    check(true, 0, Ok(&[2]));
}
