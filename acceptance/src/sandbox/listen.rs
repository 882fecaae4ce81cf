//! How the sandbox's servers take connections, and end those whose caller is to get no answer.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::DropGuard;

use super::call::BoxError;
use super::peer::Peer;

/// How long the next connection waits after one that could not be taken.
const PAUSE: Duration = Duration::from_millis(50);

/// The caller gets no answer; its connection is reset.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on request")]
pub struct Dropped;

/// What a request is answered.
pub type Answer = Result<Response<BoxBody<Bytes, BoxError>>, Dropped>;

/// Takes connections and has each served, until it is dropped, and with it every open connection.
pub async fn take_connections<Served>(
    listener: TcpListener,
    serve: impl Fn(TcpStream) -> Served,
) -> Infallible
where
    Served: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream));
            }
            Err(error) => {
                // Out of file descriptors, mostly: those of ended connections come back.
                tracing::warn!("failed to accept a connection: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// A connection whose caller is known, and which can be reset.
pub struct Connection {
    peer: Peer,
    reset: Arc<AtomicBool>,
    // Tells those who look for the caller's process that it is gone.
    _gone: DropGuard,
}

impl Connection {
    /// The connection of a stream, and what to read and write it by; `None` where the caller is gone already.
    pub fn open(stream: TcpStream) -> Option<(Self, Socket)> {
        let (remote, local) = (stream.peer_addr().ok()?, stream.local_addr().ok()?);
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("failed to set TCP_NODELAY: {error}");
        }
        let peer = Peer::new(remote, local);
        let gone = peer.gone().clone().drop_guard();
        let lookup = peer.clone();
        // In the background, so that mostly nobody waits for it.
        tokio::spawn(async move { lookup.process().await });
        let reset = Arc::new(AtomicBool::new(false));
        let socket = Socket { stream, reset: Arc::clone(&reset) };
        Some((Self { peer, reset, _gone: gone }, socket))
    }

    /// Answers the requests that come over it, by its socket or what is spoken over that.
    pub async fn serve<Io, Answered>(
        self,
        io: Io,
        answer: impl Fn(Request<Incoming>, Peer) -> Answered,
    ) where
        Io: AsyncRead + AsyncWrite + Unpin,
        Answered: Future<Output = Answer>,
    {
        let service = service_fn(|request| {
            let answered = answer(request, self.peer.clone());
            async {
                let answered = answered.await;
                if answered.is_err() {
                    self.reset.store(true, Ordering::Relaxed);
                }
                answered
            }
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(io), service)
            .await;
        if let Err(error) = served {
            tracing::debug!("a connection ended: {error}");
        }
    }
}

/// The socket of a connection, closed by a reset once that is asked for.
pub struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed)
            && let Err(error) = self.stream.set_zero_linger()
        {
            tracing::debug!("failed to have a connection reset: {error}");
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::Relaxed) {
            // A shutdown would tell the peer of an orderly end.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
