//! Accepted connections: counted, made to speak in time, and cut at the very end.

use super::ServerSettings;
use futures_util::stream::{Stream, unfold};
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Sleep,
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Length of the HTTP/2 preface; from there on keepalive watches the connection.
const PREFACE: usize = 24;
/// Wait after a failure to accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Connection {
    stream: TcpStream,
    handshake: Option<Handshake>,
    sever: Pin<Box<WaitForCancellationFutureOwned>>,
    _place: OwnedSemaphorePermit,
}

struct Handshake {
    missing: usize,
    timer: Pin<Box<Sleep>>,
}

struct Accepting {
    listener: TcpListener,
    places: Arc<Semaphore>,
    handshake_timeout: Duration,
    sever: CancellationToken,
}

/// The connections of a listener.
pub(super) fn incoming(
    listener: TcpListener,
    settings: &ServerSettings,
    sever: CancellationToken,
) -> impl Stream<Item = io::Result<Connection>> {
    let accepting = Accepting {
        listener,
        places: Arc::new(Semaphore::new(settings.max_connections)),
        handshake_timeout: settings.handshake_timeout,
        sever,
    };
    unfold(accepting, |accepting| async {
        let connection = accepting.next().await;
        Some((Ok(connection), accepting))
    })
}

impl Accepting {
    async fn next(&self) -> Connection {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                        return self.connection(stream, place);
                    }
                    tracing::debug!("too many connections, one is closed");
                }
                Err(error) => {
                    tracing::debug!("cannot accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn connection(&self, stream: TcpStream, place: OwnedSemaphorePermit) -> Connection {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("cannot set TCP_NODELAY: {error}");
        }
        let timer = Box::pin(tokio::time::sleep(self.handshake_timeout));
        Connection {
            stream,
            handshake: Some(Handshake { missing: PREFACE, timer }),
            sever: Box::pin(self.sever.clone().cancelled_owned()),
            _place: place,
        }
    }
}

impl Connection {
    fn must_end(&mut self, cx: &mut Context<'_>) -> bool {
        let late = self
            .handshake
            .as_mut()
            .is_some_and(|handshake| handshake.timer.as_mut().poll(cx).is_ready());
        late || self.sever.as_mut().poll(cx).is_ready()
    }

    fn count(&mut self, read: usize) {
        if let Some(handshake) = &mut self.handshake {
            handshake.missing = handshake.missing.saturating_sub(read);
            if handshake.missing == 0 {
                self.handshake = None;
            }
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.must_end(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        self.count(into.filled().len() - before);
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
