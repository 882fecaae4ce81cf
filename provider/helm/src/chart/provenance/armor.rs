//! ASCII armour (RFC 9580, section 6): binary data as lines of base64 between two dashed lines.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The data in all blocks of a kind, such as `SIGNATURE`. What stands between blocks is passed over, and the checksum,
/// which keeps nobody from changing anything, is not looked at.
pub(super) fn blocks(text: &str, kind: &str) -> Result<Vec<Vec<u8>>, &'static str> {
    let (first, last) =
        (format!("-----BEGIN PGP {kind}-----"), format!("-----END PGP {kind}-----"));
    let mut lines = text.lines().map(str::trim_end);
    let mut blocks = Vec::new();
    while lines.any(|line| line == first) {
        let mut digits = String::new();
        let mut is_head = true;
        loop {
            match lines.next() {
                None => return Err("it ends within its armour"),
                Some(line) if line == last => break,
                // Comments and the like, up to an empty line.
                Some(line) if is_head => is_head = !line.is_empty(),
                Some(line) if line.starts_with('=') => {}
                Some(line) => digits.push_str(line),
            }
        }
        blocks.push(STANDARD.decode(digits).map_err(|_| "its armour is not base64")?);
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[&str], &str>) {
        let found = blocks(text, "SIGNATURE");
        let expected = expected.map(|blocks| blocks.iter().map(|it| it.as_bytes().to_vec()));
        assert_eq!(found, expected.map(Iterator::collect), "{text:?}");
    }

    #[test]
    fn blocks_of_one_kind_are_read() {
        let block = "-----BEGIN PGP SIGNATURE-----\nVersion: 1\n\naGVs\nbG8=\n=YgnR\n-----END PGP SIGNATURE-----\n";
        check(block, Ok(&["hello"]));
        check(&block.replace('\n', "\r\n"), Ok(&["hello"]));
        check(&block.replace('\n', " \n"), Ok(&["hello"]));
        check(&format!("of me:\n{block}\nand\n{block}"), Ok(&["hello", "hello"]));
        check(&block.replace("SIGNATURE", "MESSAGE"), Ok(&[]));
        check("", Ok(&[]));
        check(&block[..60], Err("it ends within its armour"));
        check(&block.replace("END PGP SIG", "END PGP sig"), Err("it ends within its armour"));
        check(&block.replace("aGVs", "a?Vs"), Err("its armour is not base64"));
        check(&block.replace("aGVs", "aGV"), Err("its armour is not base64"));
    }
}
