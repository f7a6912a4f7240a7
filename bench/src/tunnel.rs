//! The bare WebSocket relay: hyper switches both sides, and a copy runs between them. Nothing is read of it.
//!
//! What LLMTrace costs above this for a session, it costs for reading it.

use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::{Request, Response, StatusCode, body::Incoming, client::conn::http1, rt::Executor as _};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::serving;

type Answer = Response<Empty<Bytes>>;

/// Tunnels every upgrade to `upstream` until standard input ends. Tokio's multi-thread runtime, as the product.
pub(crate) fn serve(listen: SocketAddr, upstream: SocketAddr) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serving::until_input_ends(listen, move |request| async move {
        Ok::<_, Infallible>(switch(upstream, request).await.unwrap_or_else(|_| {
            let mut answer = Response::new(Empty::new());
            *answer.status_mut() = StatusCode::BAD_GATEWAY;
            answer
        }))
    }))
}

async fn switch(upstream: SocketAddr, mut request: Request<Incoming>) -> anyhow::Result<Answer> {
    let stream = TcpStream::connect(upstream).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let executor = TokioExecutor::new();
    executor.execute(async { connection.with_upgrades().await.unwrap_or_default() });
    let client = hyper::upgrade::on(&mut request);
    let mut answer = sender.send_request(request).await?;
    let upstream = hyper::upgrade::on(&mut answer);
    executor.execute(async {
        if let Ok((client, upstream)) = tokio::try_join!(client, upstream) {
            let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
            // Either end of a session may simply go away.
            tokio::io::copy_bidirectional(&mut client, &mut upstream).await.unwrap_or_default();
        }
    });
    Ok(answer.map(|_| Empty::new()))
}
