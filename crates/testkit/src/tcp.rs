//! Raw TCP (Unix only): a client that sends any bytes, and a proxy that injects faults between two honest parties.

use std::{io, net::SocketAddr, os::fd::AsFd, sync::Arc, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use parking_lot::Mutex;
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// How long a raw client waits before it calls the other side silent.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection on which a test writes and reads bytes as they are.
#[derive(Debug)]
pub struct RawClient {
    stream: TcpStream,
    buf: BytesMut,
}

/// An HTTP/1.1 answer as it came over the wire.
#[derive(Debug, Clone, Default)]
pub struct RawAnswer {
    /// The status.
    pub status: u16,
    /// The head's bytes, with the empty line.
    pub head: Bytes,
    /// Header fields in order and case.
    pub headers: Vec<(String, Bytes)>,
    /// The body without transfer coding.
    pub body: Bytes,
    /// Trailer fields.
    pub trailers: Vec<(String, Bytes)>,
}

impl RawAnswer {
    /// The first value of a header field, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).and_then(|(_, v)| std::str::from_utf8(v).ok())
    }
}

impl RawClient {
    /// Connects.
    pub async fn connect(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buf: BytesMut::new() })
    }

    /// Writes bytes as they are.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Writes one byte at a time, waiting between them (slow loris). Ends early when the other side closed.
    pub async fn drip(&mut self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        for byte in bytes {
            self.send([*byte]).await?;
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// Sends the end of the stream, keeps reading.
    pub async fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Resets the connection.
    pub fn reset(self) -> io::Result<()> {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))
    }

    /// Reads one final answer to the end; interim answers (1xx) are skipped.
    ///
    /// # Errors
    /// When the connection ends inside the answer, when it is no HTTP, or after ten silent seconds.
    pub async fn answer(&mut self) -> io::Result<RawAnswer> {
        self.answer_to("POST").await
    }

    /// As [`RawClient::answer`], for a request whose method decides whether there is a body (`HEAD`).
    pub async fn answer_to(&mut self, method: &str) -> io::Result<RawAnswer> {
        loop {
            let mut answer = self.head().await?;
            if answer.status >= 200 {
                let bodiless = method == "HEAD" || matches!(answer.status, 204 | 304);
                if !bodiless {
                    self.body(&mut answer).await?;
                }
                return Ok(answer);
            }
        }
    }

    /// Reads the next head (interim ones too), without its body.
    pub async fn head(&mut self) -> io::Result<RawAnswer> {
        loop {
            let mut fields = [httparse::EMPTY_HEADER; 128];
            let mut parsed = httparse::Response::new(&mut fields);
            if let httparse::Status::Complete(length) = parsed.parse(&self.buf).map_err(io::Error::other)? {
                let (status, headers) = (parsed.code.unwrap_or(0), copy(parsed.headers));
                let head = self.buf.split_to(length).freeze();
                return Ok(RawAnswer { status, head, headers, ..RawAnswer::default() });
            }
            self.fill().await?;
        }
    }

    async fn body(&mut self, answer: &mut RawAnswer) -> io::Result<()> {
        let mut body = BytesMut::new();
        if answer.header("transfer-encoding").is_some() {
            while let Some(chunk) = self.chunk().await? {
                body.extend_from_slice(&chunk);
            }
            answer.trailers = self.trailers().await?;
        } else if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().map_err(io::Error::other)?;
            body = self.exactly(length).await?;
        } else {
            body.extend_from_slice(&self.rest().await?);
        }
        answer.body = body.freeze();
        Ok(())
    }

    /// Reads the next chunk of a chunked body; `None` is the last one, [`RawClient::trailers`] follow it.
    pub async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        let size = loop {
            let parsed = httparse::parse_chunk_size(&self.buf).map_err(|_| io::Error::other("bad chunk size"))?;
            if let httparse::Status::Complete((length, size)) = parsed {
                self.buf.advance(length);
                break usize::try_from(size).map_err(io::Error::other)?;
            }
            self.fill().await?;
        };
        if size == 0 {
            return Ok(None);
        }
        let mut chunk = self.exactly(size + 2).await?;
        chunk.truncate(size);
        Ok(Some(chunk.freeze()))
    }

    /// Reads what follows the last chunk.
    pub async fn trailers(&mut self) -> io::Result<Vec<(String, Bytes)>> {
        loop {
            let mut fields = [httparse::EMPTY_HEADER; 64];
            let parsed = httparse::parse_headers(&self.buf, &mut fields).map_err(io::Error::other)?;
            if let httparse::Status::Complete((length, fields)) = parsed {
                let trailers = copy(fields);
                self.buf.advance(length);
                return Ok(trailers);
            }
            self.fill().await?;
        }
    }

    /// Reads so many bytes.
    pub async fn exactly(&mut self, bytes: usize) -> io::Result<BytesMut> {
        while self.buf.len() < bytes {
            self.fill().await?;
        }
        Ok(self.buf.split_to(bytes))
    }

    /// Reads until the other side closes; a reset is an error.
    pub async fn rest(&mut self) -> io::Result<Bytes> {
        loop {
            match self.fill().await {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(self.buf.split().freeze()),
                Err(e) => return Err(e),
            }
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.buf)).await;
        match read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn copy(fields: &[httparse::Header<'_>]) -> Vec<(String, Bytes)> {
    fields.iter().map(|f| (f.name.to_owned(), Bytes::copy_from_slice(f.value))).collect()
}

/// What a [`FaultProxy`] does to the bytes of every connection, old and new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trouble {
    /// Passes them on.
    #[default]
    None,
    /// Passes them on, each read so much later.
    Latency(Duration),
    /// Swallows them: connections open, nothing moves.
    BlackHole,
    /// Resets open connections, and new ones as they come.
    Reset,
    /// Closes new and open connections in good manners.
    Close,
    /// Passes only what the client sends; the answers are swallowed.
    Deaf,
}

/// A TCP proxy on loopback whose trouble a test switches while connections are open.
#[derive(Debug)]
pub struct FaultProxy {
    addr: SocketAddr,
    trouble: watch::Sender<Trouble>,
    passed: Arc<Mutex<u64>>,
    listener: JoinHandle<()>,
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl FaultProxy {
    /// Starts in front of `target` on a free port, without trouble.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        let (trouble, passed) = (watch::Sender::new(Trouble::None), Arc::default());
        let link = Link { target, trouble: trouble.clone(), passed: Arc::clone(&passed) };
        let listener = tokio::spawn(async move {
            let mut links = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                links.spawn(link.clone().serve(client));
                while links.try_join_next().is_some() {}
            }
        });
        Ok(Self { addr, trouble, passed, listener })
    }

    /// Where clients connect.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Switches the trouble for every connection.
    pub fn set(&self, trouble: Trouble) {
        self.trouble.send_replace(trouble);
    }

    /// How many bytes passed so far, both ways.
    pub fn passed(&self) -> u64 {
        *self.passed.lock()
    }
}

#[derive(Debug, Clone)]
struct Link {
    target: SocketAddr,
    trouble: watch::Sender<Trouble>,
    passed: Arc<Mutex<u64>>,
}

impl Link {
    async fn serve(self, client: TcpStream) {
        let Ok(server) = TcpStream::connect(self.target).await else { return reset(&client) };
        if client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).is_err() {
            return; // One of them is already gone.
        }
        // Second handles of both sockets, to reset them while the pumps hold the first.
        let Ok(handles) =
            [&client, &server].into_iter().map(|s| s.as_fd().try_clone_to_owned()).collect::<Result<Vec<_>, _>>()
        else {
            return;
        };
        // Not `into_split`: its halves send FIN when dropped, before the reset.
        let (client_in, client_out) = tokio::io::split(client);
        let (server_in, server_out) = tokio::io::split(server);
        let broken = self.broken();
        tokio::select! {
            _ = async { tokio::join!(
                self.pump(client_in, server_out, Direction::Up),
                self.pump(server_in, client_out, Direction::Down),
            ) } => {}
            () = broken => {}
        }
        if *self.trouble.borrow() == Trouble::Reset {
            for handle in &handles {
                reset(handle);
            }
        }
    }

    /// Resolves when the trouble is one that ends connections.
    async fn broken(&self) {
        let mut trouble = self.trouble.subscribe();
        let ends = |t: &Trouble| matches!(t, Trouble::Reset | Trouble::Close);
        if trouble.wait_for(ends).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn pump(&self, mut from: ReadHalf<TcpStream>, mut to: WriteHalf<TcpStream>, direction: Direction) {
        let mut buf = BytesMut::with_capacity(16 * 1024);
        while let Ok(1..) = from.read_buf(&mut buf).await {
            let trouble = *self.trouble.borrow();
            match trouble {
                Trouble::None => {}
                Trouble::Reset | Trouble::Close => return,
                Trouble::Latency(delay) => tokio::time::sleep(delay).await,
                Trouble::Deaf if direction == Direction::Up => {}
                Trouble::BlackHole | Trouble::Deaf => {
                    buf.clear();
                    continue;
                }
            }
            if to.write_all(&buf).await.is_err() {
                return;
            }
            *self.passed.lock() += buf.len() as u64;
            buf.clear();
        }
        // Half-close travels on; the other direction may still have something to say.
        drop(to.shutdown().await);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

fn reset(socket: &impl AsFd) {
    // Fails only when the connection is already down, which is what was wanted.
    drop(SockRef::from(socket).set_linger(Some(Duration::ZERO)));
}
