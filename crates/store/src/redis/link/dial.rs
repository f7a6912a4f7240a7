//! Connecting to one server, to a cluster, or to the master of a Sentinel group.

use redis::{
    AsyncConnectionConfig, Client, Cmd, IntoConnectionInfo, RedisConnectionInfo, RedisError, RedisFuture,
    TlsCertificates, TlsMode, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    sentinel::{SentinelClientBuilder, SentinelServerType},
};

use super::{
    ANSWER, CONNECT,
    target::{Deployment, Target},
};

/// A connection; cheap to clone, and shared by all callers.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    pub(super) fn send<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }
}

/// Connects and logs in.
pub(super) async fn dial(target: &Target) -> Result<Connection, RedisError> {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(ANSWER));
    let tls = target.is_tls();
    let certificates = TlsCertificates { client_tls: None, root_cert: target.ca_pem.clone() };
    let user = target.url.user.as_deref();
    let password = target.url.password.as_ref().map(|password| password.expose());
    let login = |database| {
        let mut login = RedisConnectionInfo::default().set_db(database);
        if let Some(user) = user {
            login = login.set_username(user);
        }
        if let Some(password) = password {
            login = login.set_password(password);
        }
        login
    };
    match &target.kind {
        Deployment::One { database } => {
            let info = target.addresses(6379).remove(0).into_connection_info()?.set_redis_settings(login(*database));
            let client = if tls { Client::build_with_tls(info, certificates)? } else { Client::open(info)? };
            client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::One)
        }
        Deployment::Cluster => {
            let mut builder = ClusterClient::builder(target.addresses(6379))
                .retries(2)
                .connection_timeout(CONNECT)
                .response_timeout(ANSWER);
            if let Some(user) = user {
                builder = builder.username(user);
            }
            if let Some(password) = password {
                builder = builder.password(password);
            }
            if tls {
                builder = builder.tls(TlsMode::Secure).certs(certificates);
            }
            builder.build()?.get_async_connection().await.map(Connection::Cluster)
        }
        Deployment::Sentinel { master, database } => {
            let mut builder = SentinelClientBuilder::new(target.addresses(26379), master, SentinelServerType::Master)?
                .set_client_to_redis_db(*database);
            if let Some(user) = user {
                builder = builder.set_client_to_redis_username(user);
            }
            if let Some(password) = password {
                builder = builder.set_client_to_redis_password(password);
            }
            if let Some(user) = target.url.param("sentinel_user") {
                builder = builder.set_client_to_sentinel_username(user);
            }
            if let Some(password) = target.url.param("sentinel_password") {
                builder = builder.set_client_to_sentinel_password(password);
            }
            if tls {
                builder = builder
                    .set_client_to_redis_tls_mode(TlsMode::Secure)
                    .set_client_to_redis_certificates(certificates.clone())
                    .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                    .set_client_to_sentinel_certificates(certificates);
            }
            builder.build()?.get_async_connection_with_config(&config).await.map(Connection::One)
        }
    }
}
