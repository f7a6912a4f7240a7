//! One keep-alive connection of the load client. The hot path is one write and, mostly, one read per exchange.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::answer::Answer;

/// An open connection with its read buffer.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Box<[u8]>,
}

impl Connection {
    /// Connects with `TCP_NODELAY`.
    pub(crate) async fn open(addr: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(addr).await.with_context(|| format!("connecting to {addr}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 16 * 1024].into_boxed_slice() })
    }

    /// Sends one request and reads the whole answer; hands the body to `body` as it comes. Fails unless it is 200.
    pub(crate) async fn exchange_with(&mut self, request: &[u8], mut body: impl FnMut(&[u8])) -> anyhow::Result<()> {
        self.stream.write_all(request).await?;
        let mut answer = Answer::default();
        while !self.read(&mut answer, &mut body).await? {}
        ensure!(answer.status == 200, "status {} instead of 200", answer.status);
        Ok(())
    }

    /// Sends one request and reads the whole answer. Fails unless it is 200.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.exchange_with(request, |_| {}).await
    }

    /// Reads once from the socket; says whether the answer is complete.
    async fn read(&mut self, answer: &mut Answer, body: &mut impl FnMut(&[u8])) -> anyhow::Result<bool> {
        let n = self.stream.read(&mut self.buffer).await?;
        ensure!(n > 0, "the connection closed in the middle of an answer (status {})", answer.status);
        answer.feed(&self.buffer[..n], body)
    }
}
