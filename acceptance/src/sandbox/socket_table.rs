//! The sockets of this machine: which inode is at one end of a connection.
//!
//! Linux is asked for the one socket; where it cannot be, all of /proc/net/tcp is read, of which a machine with
//! thousands of connections that ended a minute ago writes a megabyte each time.

use std::fs;
use std::net::{IpAddr, SocketAddr};

/// The inode of the socket between two IPv4 addresses; `None` where there is none (any more).
pub fn inode(from: SocketAddr, to: SocketAddr) -> Option<u64> {
    asked(from, to).or_else(|| listed(&fs::read_to_string("/proc/net/tcp").ok()?, from, to))
}

/// As the kernel answers for this one socket (sock_diag(7)): it need not have been built for that.
#[cfg(target_os = "linux")]
fn asked(from: SocketAddr, to: SocketAddr) -> Option<u64> {
    use netlink_packet_core::{NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
    use netlink_packet_sock_diag::SockDiagMessage;
    use netlink_packet_sock_diag::constants::{AF_INET, IPPROTO_TCP};
    use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, SocketId, StateFlags};
    use netlink_sys::{Socket, SocketAddr as Kernel, protocols::NETLINK_SOCK_DIAG};

    let socket_id = SocketId {
        source_address: from.ip(),
        source_port: from.port(),
        destination_address: to.ip(),
        destination_port: to.port(),
        interface_id: 0,
        // Of whatever generation.
        cookie: [u8::MAX; 8],
    };
    let request = InetRequest {
        family: AF_INET,
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::empty(),
        states: StateFlags::all(),
        socket_id,
    };
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST;
    let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    message.finalize();
    let mut sent = vec![0; message.buffer_len()];
    message.serialize(&mut sent);

    let socket = Socket::new(NETLINK_SOCK_DIAG).ok()?;
    socket.connect(&Kernel::new(0, 0)).ok()?;
    socket.send(&sent, 0).ok()?;
    let (received, _) = socket.recv_from_full().ok()?;
    let answer = NetlinkMessage::<SockDiagMessage>::deserialize(&received).ok()?;
    match answer.payload {
        NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(found)) => {
            (found.header.inode != 0).then(|| u64::from(found.header.inode))
        }
        _ => None,
    }
}

#[cfg(not(target_os = "linux"))]
const fn asked(_from: SocketAddr, _to: SocketAddr) -> Option<u64> {
    None
}

/// As the table of /proc/net/tcp lists it.
fn listed(table: &str, from: SocketAddr, to: SocketAddr) -> Option<u64> {
    let between = format!(" {} {} ", written(from)?, written(to)?);
    table.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let fields = rest.strip_prefix(&between)?;
        let inode = fields.split_whitespace().nth(6)?.parse().ok()?;
        (inode != 0).then_some(inode)
    })
}

/// An address as the table writes it: the four bytes as one little-endian number, all in hexadecimal.
fn written(address: SocketAddr) -> Option<String> {
    match address.ip() {
        IpAddr::V4(ip) => {
            let number = u32::from_le_bytes(ip.octets());
            Some(format!("{number:08X}:{:04X}", address.port()))
        }
        IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn both_ways_find_the_same() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (from, to) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let found = listed(&table, from, to);
        assert!(found.is_some());
        assert_eq!(inode(from, to), found);
        // Without the listener's end there is no socket.
        assert_eq!(inode(from, from), None);
    }

    #[test]
    fn reads_the_table_of_sockets() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:A3C8 0100007F:11D6 01 00000000:00000000 00:00000000 00000000     0        0 4711 1\n";
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        assert_eq!(listed(table, address(0xA3C8), address(0x11D6)), Some(4711));
        assert_eq!(listed(table, address(0x11D6), address(0xA3C8)), None);
    }
}
