//! OpenPGP packets in a row, each within the bounds that its head sets, so that one which cannot be read spoils no other.

use pgp::packet::{Packet, PacketHeader};
use pgp::types::{PacketLength, Tag};

/// A packet is no larger than this, in bytes: only those of pictures may be, which nobody reads.
const LARGEST_PACKET: usize = 64 << 10;

/// What a packet is by its head, and the packet, where it can be read.
pub(super) type Found = (Tag, Option<Packet>);

/// The packets in some bytes; none where they end within one.
pub(super) fn packets(mut data: &[u8]) -> Option<Vec<Found>> {
    let mut found = Vec::new();
    while !data.is_empty() {
        let head = PacketHeader::try_from_reader(&mut data).ok()?;
        // What has no length of its own is for streams of data, not for keys and signatures.
        let PacketLength::Fixed(length) = head.packet_length() else { return None };
        let (body, rest) = data.split_at_checked(usize::try_from(length).ok()?)?;
        let packet = match body.len() <= LARGEST_PACKET {
            true => Packet::from_reader(head, body).ok(),
            false => None,
        };
        found.push((head.tag(), packet));
        data = rest;
    }
    Some(found)
}
