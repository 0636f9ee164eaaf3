//! The stream under a connection of HTTP/1.1, which sends bodies out of the spool without a copy.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::payload::Piece;

/// What is read at once of what the kernel does not send by itself.
const READ_BYTES: usize = 64 << 10;

/// What a connection sends out of the spool: one body at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outgoing(Arc<Mutex<Spooled>>);

#[derive(Debug, Default)]
struct Spooled {
    /// What is left of the body.
    piece: Option<Piece>,
    /// Why it could not be read.
    error: Option<io::Error>,
}

/// The stream under a connection of HTTP/1.1.
///
/// hyper writes its heads as ever, and of a body that is left in the spool what stands for it
/// ([`Piece::stand_in`]), which is never looked at: in its place the kernel sends the bytes out of the
/// file. Reading a body of 650 KB first takes as long as sending it (`cargo xtask bench replay
/// throughput`).
#[derive(Debug)]
pub(crate) struct SpoolStream {
    inner: MaybeHttpsStream<TokioIo<TcpStream>>,
    outgoing: Outgoing,
}

impl Outgoing {
    /// The body of the next request, if it is left in the spool.
    pub(crate) fn set(&self, piece: Option<Piece>) {
        self.spooled().piece = piece;
    }

    /// Why the spool could not be read, if that is why a connection has ended.
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        self.spooled().error.take()
    }

    fn spooled(&self) -> MutexGuard<'_, Spooled> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpoolStream {
    pub(crate) fn new(inner: MaybeHttpsStream<TokioIo<TcpStream>>, outgoing: Outgoing) -> Self {
        Self { inner, outgoing }
    }
}

impl Spooled {
    /// Sends as much as the kernel takes of what `stand_in` stands for.
    fn poll_send(
        &mut self,
        tcp: &TcpStream,
        context: &mut Context<'_>,
        stand_in: &[u8],
    ) -> Poll<io::Result<usize>> {
        let piece = self.piece.as_mut();
        let piece = piece.filter(|piece| piece.stand_in().len() == stand_in.len());
        let Some(piece) = piece else {
            return Poll::Ready(Err(io::Error::other(
                "a body is not the one of its request",
            )));
        };
        loop {
            ready!(tcp.poll_write_ready(context))?;
            let mut sent = kernel::send(tcp, piece, stand_in.len());
            if !matches!(&sent, Ok(1..)) && !is_blocked(&sent) {
                // Whatever the kernel has against it: sent as any body, or the reason is known.
                let mut bytes = Vec::new();
                if let Err(error) = piece.read(&mut bytes, READ_BYTES) {
                    let text = error.to_string();
                    self.error = Some(error);
                    return Poll::Ready(Err(io::Error::other(text)));
                }
                sent = tcp.try_write(&bytes);
            }
            if is_blocked(&sent) {
                continue;
            }
            return Poll::Ready(sent.inspect(|sent| piece.advance(*sent)));
        }
    }
}

/// Whether to try again, once there is room.
fn is_blocked(sent: &io::Result<usize>) -> bool {
    matches!(sent, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

impl Write for SpoolStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let spooled = bytes.iter().position(|bytes| Piece::is_stand_in(bytes));
        let Some(at) = spooled else {
            return Pin::new(&mut self.inner).poll_write_vectored(context, bytes);
        };
        let this = &mut *self;
        let MaybeHttpsStream::Http(tcp) = &this.inner else {
            return Poll::Ready(Err(io::Error::other("a body was not read to be encrypted")));
        };
        let tcp = tcp.inner();
        match at {
            0 => this.outgoing.spooled().poll_send(tcp, context, &bytes[0]),
            _ => loop {
                ready!(tcp.poll_write_ready(context))?;
                let sent = kernel::send_more(tcp, &bytes[0]);
                if !is_blocked(&sent) {
                    return Poll::Ready(sent);
                }
            },
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl Read for SpoolStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, room)
    }
}

/// What the kernel of Linux does without a copy.
#[cfg(target_os = "linux")]
pub(crate) mod kernel {
    use std::io;

    use rustix::fs::sendfile;
    use rustix::net::SendFlags;
    use tokio::io::Interest;
    use tokio::net::TcpStream;

    use crate::payload::Piece;

    /// Whether bodies can be sent out of a file.
    pub(crate) const SENDS_FILES: bool = true;

    /// Sends the first bytes of a piece, at most `most`.
    pub(super) fn send(tcp: &TcpStream, piece: &Piece, most: usize) -> io::Result<usize> {
        let mut offset = piece.offset();
        tcp.try_io(Interest::WRITABLE, || {
            Ok(sendfile(tcp, piece.file(), Some(&mut offset), most)?)
        })
    }

    /// Sends bytes that more will follow at once, which do not go out alone.
    pub(super) fn send_more(tcp: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
        tcp.try_io(Interest::WRITABLE, || {
            Ok(rustix::net::send(tcp, bytes, flags)?)
        })
    }
}

/// Nothing is asked of other kernels: bodies are read for them.
#[cfg(not(target_os = "linux"))]
pub(crate) mod kernel {
    use std::io;

    use tokio::net::TcpStream;

    use crate::payload::Piece;

    /// Whether bodies can be sent out of a file.
    pub(crate) const SENDS_FILES: bool = false;

    pub(super) fn send(_: &TcpStream, _: &Piece, _: usize) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn send_more(tcp: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        tcp.try_write(bytes)
    }
}

// Elsewhere nothing is left in the spool.
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
