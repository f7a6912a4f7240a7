//! WebSockets by hand (RFC 6455, RFC 7692): frames as bytes, and a socket of either side that a test drives.

use std::{io, net::SocketAddr};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Buf, BytesMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What the accepting side appends to the client's key (RFC 6455, section 1.3).
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The mask of every client frame: a test needs no surprise.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A message, or a control frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// A ping.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// A close frame.
    Close(Option<u16>, String),
}

impl Message {
    /// The text, or the bytes as text; empty for control frames.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Ping(_) | Self::Pong(_) | Self::Close(..) => String::new(),
        }
    }
}

/// One frame as bytes; `first` holds the bits FIN and RSV and the opcode.
pub fn frame(first: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let mut out = vec![first];
    if let Ok(len) = u8::try_from(payload.len())
        && len < 126
    {
        out.push(masked | len);
    } else if let Ok(len) = u16::try_from(payload.len()) {
        out.push(masked | 126);
        out.extend_from_slice(&len.to_be_bytes());
    } else {
        out.push(masked | 127);
        out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
    }
    out.extend_from_slice(mask.as_ref().map_or(&[][..], |key| key));
    let key = mask.unwrap_or([0; 4]);
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    out
}

/// What the accepting side answers to a client's key.
pub fn accept_key(key: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{MAGIC}").as_bytes());
    STANDARD.encode(digest)
}

/// Which side a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Client,
    Server,
}

/// Compression with context takeover both ways.
struct Deflate {
    out: Compress,
    back: Decompress,
}

impl Deflate {
    fn new() -> Self {
        Self { out: Compress::new(Compression::default(), false), back: Decompress::new(false) }
    }

    fn pack(&mut self, message: &[u8]) -> io::Result<Vec<u8>> {
        if message.is_empty() {
            return Ok(vec![0]);
        }
        let mut packed = Vec::with_capacity(message.len() + 64);
        self.out.compress_vec(message, &mut packed, FlushCompress::Sync).map_err(io::Error::other)?;
        while !packed.ends_with(&[0, 0, 0xff, 0xff]) {
            packed.reserve(packed.len() + 64);
            self.out.compress_vec(&[], &mut packed, FlushCompress::Sync).map_err(io::Error::other)?;
        }
        packed.truncate(packed.len() - 4);
        Ok(packed)
    }

    fn unpack(&mut self, packed: &[u8]) -> io::Result<Vec<u8>> {
        let input = [packed, &[0, 0, 0xff, 0xff]].concat();
        let mut out = Vec::with_capacity(input.len() * 8 + 1024);
        let mut at = 0;
        loop {
            let before = self.back.total_in();
            self.back.decompress_vec(&input[at..], &mut out, FlushDecompress::Sync).map_err(io::Error::other)?;
            at += usize::try_from(self.back.total_in() - before).map_err(io::Error::other)?;
            if at == input.len() && out.len() < out.capacity() {
                return Ok(out);
            }
            out.reserve(out.len() + 1024);
        }
    }
}

/// One end of a WebSocket.
pub struct Socket {
    stream: TcpStream,
    buf: BytesMut,
    role: Role,
    deflate: Option<Deflate>,
    /// The head of the answer, on the client's side.
    pub head: String,
}

impl Socket {
    /// Connects and asks for the switch; `headers` are more lines, each with its `\r\n`. Compression is used where the
    /// server agrees to what they ask for.
    ///
    /// # Errors
    /// Where the server does not switch; the error has the head of its answer.
    pub async fn connect(addr: SocketAddr, target: &str, headers: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let ask = format!(
            "GET {target} HTTP/1.1\r\nHost: proxy\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: \
             13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(ask.as_bytes()).await?;
        let mut buf = BytesMut::new();
        let end = loop {
            if let Some(at) = buf.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut buf).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let head = String::from_utf8_lossy(&buf.split_to(end)).into_owned();
        if !head.starts_with("HTTP/1.1 101") {
            return Err(io::Error::other(head));
        }
        let deflate = head.to_ascii_lowercase().contains("permessage-deflate").then(Deflate::new);
        Ok(Self { stream, buf, role: Role::Client, deflate, head })
    }

    /// Answers a client that asks for the switch, and is its other end. `extra` are more lines of the answer's head.
    pub(crate) async fn accept(
        mut stream: TcpStream,
        buf: BytesMut,
        key: &str,
        offers_deflate: bool,
        extra: &str,
    ) -> io::Result<Self> {
        let extension = if offers_deflate { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: \
             {}\r\n{extension}{extra}\r\n",
            accept_key(key)
        );
        stream.write_all(answer.as_bytes()).await?;
        let deflate = offers_deflate.then(Deflate::new);
        Ok(Self { stream, buf, role: Role::Server, deflate, head: String::new() })
    }

    /// Sends a message in one frame.
    pub async fn send(&mut self, message: &Message) -> io::Result<()> {
        let bytes = self.bytes_of(message)?;
        self.stream.write_all(&bytes).await
    }

    /// Sends JSON as text.
    pub async fn say(&mut self, event: &serde_json::Value) -> io::Result<()> {
        self.send(&Message::Text(event.to_string())).await
    }

    /// A message as the frame that this socket would send next.
    pub fn bytes_of(&mut self, message: &Message) -> io::Result<Vec<u8>> {
        let mask = (self.role == Role::Client).then_some(MASK);
        let (opcode, payload) = match message {
            Message::Text(text) => (1, text.as_bytes().to_vec()),
            Message::Binary(bytes) => (2, bytes.clone()),
            Message::Ping(bytes) => (9, bytes.clone()),
            Message::Pong(bytes) => (10, bytes.clone()),
            Message::Close(code, reason) => {
                (8, code.map_or(Vec::new(), |code| [&code.to_be_bytes()[..], reason.as_bytes()].concat()))
            }
        };
        match (&mut self.deflate, opcode) {
            (Some(deflate), 1 | 2) => Ok(frame(0xc0 | opcode, &deflate.pack(&payload)?, mask)),
            _ => Ok(frame(0x80 | opcode, &payload, mask)),
        }
    }

    /// Sends bytes as they are.
    pub async fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Ends this side's half of the connection.
    pub async fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// The next message; pings are answered, and `None` is the end of the connection.
    pub async fn next(&mut self) -> io::Result<Option<Message>> {
        let (mut joined, mut kind, mut packed) = (Vec::new(), 0, false);
        loop {
            let Some((first, payload)) = self.frame().await? else { return Ok(None) };
            match first & 0x0f {
                9 => {
                    self.send(&Message::Pong(payload.clone())).await?;
                    return Ok(Some(Message::Ping(payload)));
                }
                10 => return Ok(Some(Message::Pong(payload))),
                8 => {
                    let code = payload.first_chunk().map(|two| u16::from_be_bytes(*two));
                    let reason = String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned();
                    return Ok(Some(Message::Close(code, reason)));
                }
                opcode => {
                    if opcode != 0 {
                        (kind, packed) = (opcode, first & 0x40 != 0);
                    }
                    joined.extend_from_slice(&payload);
                }
            }
            if first & 0x80 != 0 {
                break;
            }
        }
        if let (Some(deflate), true) = (&mut self.deflate, packed) {
            joined = deflate.unpack(&joined)?;
        }
        Ok(Some(if kind == 1 {
            Message::Text(String::from_utf8(joined).map_err(io::Error::other)?)
        } else {
            Message::Binary(joined)
        }))
    }

    /// The next message as JSON; control frames are passed over, and `null` is the end.
    pub async fn hear(&mut self) -> io::Result<serde_json::Value> {
        loop {
            match self.next().await? {
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                Some(message @ (Message::Text(_) | Message::Binary(_))) => {
                    return serde_json::from_str(&message.text()).map_err(io::Error::other);
                }
                Some(Message::Close(..)) | None => return Ok(serde_json::Value::Null),
            }
        }
    }

    /// Hears until an event of this `type` (or with this member), which it returns.
    pub async fn hear_until(&mut self, kind: &str) -> io::Result<serde_json::Value> {
        loop {
            let event = self.hear().await?;
            if event.is_null() || event["type"] == kind || event.get(kind).is_some() {
                return Ok(event);
            }
        }
    }

    async fn frame(&mut self) -> io::Result<Option<(u8, Vec<u8>)>> {
        loop {
            if let Some((head, len, mask)) = self.frame_head()
                && self.buf.len() >= head + len
            {
                let first = self.buf[0];
                self.buf.advance(head);
                let payload = self.buf.split_to(len);
                let key = mask.unwrap_or([0; 4]);
                let plain = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
                return Ok(Some((first, plain)));
            }
            if self.stream.read_buf(&mut self.buf).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Size of the head, size of the payload, mask: once the head is complete.
    fn frame_head(&self) -> Option<(usize, usize, Option<[u8; 4]>)> {
        let buf = &self.buf;
        let second = *buf.get(1)?;
        let (len, at) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes(buf.get(2..4)?.try_into().ok()?)), 4),
            127 => (usize::try_from(u64::from_be_bytes(buf.get(2..10)?.try_into().ok()?)).ok()?, 10),
            short => (usize::from(short), 2),
        };
        if second & 0x80 == 0 {
            return Some((at, len, None));
        }
        Some((at + 4, len, Some(buf.get(at..at + 4)?.try_into().ok()?)))
    }
}
