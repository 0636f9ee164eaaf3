//! Accepts connections, no more at once than allowed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::connection;
use crate::receiver::Shared;

/// Connections that may wait in the queue of the operating system.
const BACKLOG: u32 = 1024;

/// Listens on an address. Needs a runtime.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As a restart at once needs it. It does not allow two receivers at a time.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// How long to wait when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Accepts connections until the receiver is stopped.
pub(crate) async fn accept(shared: Arc<Shared>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let mut stopping = shared.stopping();
    loop {
        let accepted = tokio::select! {
            _ = stopping.wait_for(|stops| *stops) => return,
            accepted = next(&shared, &listener) => accepted,
        };
        let Ok((stream, place)) = accepted else {
            // Out of descriptors or memory, or gone before it was accepted.
            sleep(NO_ROOM).await;
            continue;
        };
        // Fails on connections that are gone already.
        let _ = stream.set_nodelay(true);
        let (shared, tls) = (Arc::clone(&shared), tls.clone());
        tokio::spawn(async move {
            let open = Open::new(&shared);
            serve(&shared, stream, tls).await;
            drop(open);
            drop(place);
        });
    }
}

/// The next connection, once there is a place for it.
async fn next(
    shared: &Shared,
    listener: &TcpListener,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let places = Arc::clone(&shared.places);
    let place = places.acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn serve(shared: &Arc<Shared>, stream: TcpStream, tls: Option<TlsAcceptor>) {
    let Some(tls) = tls else {
        return connection::serve(Arc::clone(shared), stream).await;
    };
    let mut stopping = shared.stopping();
    let accepted = tokio::select! {
        _ = stopping.wait_for(|stops| *stops) => return,
        accepted = timeout(shared.limits.request_time, tls.accept(stream)) => accepted,
    };
    match accepted {
        Ok(Ok(stream)) => connection::serve(Arc::clone(shared), stream).await,
        Ok(Err(_)) => shared
            .tally
            .change(|counts| counts.connections.tls_failed += 1),
        Err(_) => shared
            .tally
            .change(|counts| counts.connections.timed_out += 1),
    }
}

/// Counts a connection while it is open.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.tally.change(|counts| {
            counts.connections.opened += 1;
            counts.connections.open += 1;
        });
        Self(Arc::clone(shared))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.tally.change(|counts| counts.connections.open -= 1);
    }
}
