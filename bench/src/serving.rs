//! What the provider and the bare hyper floor share: listen, say where, serve until the starter closes our input.

use std::{convert::Infallible, future::Future, net::SocketAddr};

use anyhow::Context as _;
use http_body::Body;
use hyper::{
    Request, Response,
    body::Incoming,
    rt::Executor as _,
    server::conn::http1,
    service::{HttpService, service_fn},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{io::AsyncReadExt as _, net::TcpListener};

/// Serves HTTP/1.1 with `answer`; prints `listening ADDR` first and returns when standard input ends, so that no
/// server outlives the process that started it.
pub(crate) async fn until_input_ends<F, R, B>(listen: SocketAddr, answer: F) -> anyhow::Result<()>
where
    F: Fn(Request<Incoming>) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let listener = TcpListener::bind(listen).await.with_context(|| format!("listening on {listen}"))?;
    #[expect(clippy::print_stdout, reason = "the starter reads the address from here")]
    {
        println!("listening {}", listener.local_addr()?);
    }
    let mut input = tokio::io::stdin();
    let mut ignored = [0_u8; 64];
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted.context("accepting")?,
            read = input.read(&mut ignored) => match read {
                Ok(0) | Err(_) => return Ok(()),
                Ok(_) => continue,
            },
        };
        stream.set_nodelay(true)?;
        TokioExecutor::new().execute(connection(stream, service_fn(answer.clone())));
    }
}

/// Serves one connection. A client that goes away in the middle is nothing to report here.
async fn connection<S, B>(stream: tokio::net::TcpStream, service: S)
where
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await.unwrap_or_default();
}
