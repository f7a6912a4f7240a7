//! From `postgres.url` to what the driver connects with.

use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgSslMode},
};

use crate::{Server, ServerOptions, ServerUrl};

/// The user where the URL names none; the database is that of the user's name, as everywhere with PostgreSQL.
const USER: &str = "llmtrace";

/// What is said about a server in other programs' URLs and changes nothing here: how connections are pooled, kept alive and
/// chosen is decided by this program.
const WITHOUT_EFFECT: &[&str] = &[
    "connect_timeout",
    "connection_limit",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "pgbouncer",
    "pool_timeout",
    "sslcompression",
    "sslnegotiation",
    "target_session_attrs",
];

/// Reads the settings of the server; the error says what is wrong with `postgres.url` and repeats none of it.
pub(super) fn options(server: &ServerOptions) -> Result<(PgConnectOptions, ServerUrl), String> {
    let url = ServerUrl::of(Server::Postgres, server).map_err(|error| error.to_string())?;
    let [host] = &url.hosts[..] else {
        return Err(format!(
            "names {} hosts, expected one: name the address that follows the primary (a load balancer's or a service's)",
            url.hosts.len()
        ));
    };
    let user = url.user.as_deref().unwrap_or(USER);
    let database = if url.path.is_empty() { user } else { &url.path };
    // Everything is set, so that no variable or file that other programs read (PGHOST, PGPASSWORD, .pgpass) has a say.
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&host.name)
        .port(host.port.unwrap_or(5432))
        .username(user)
        .password(url.password.as_ref().map_or("", |password| password.expose()))
        .database(database)
        .application_name("llmtrace")
        // No floating-point numbers are stored, and poolers refuse parameters that they do not know.
        .extra_float_digits(None)
        .disable_statement_logging();
    if let Some(pem) = &server.ca_pem {
        options = options.ssl_root_cert_from_pem(pem.clone());
    }
    let mut mode = None;
    let mut is_bound = false;
    for (name, value) in &url.params {
        match (name.as_str(), value.as_str()) {
            ("sslmode" | "ssl-mode", "disable") => mode = Some(PgSslMode::Disable),
            ("sslmode" | "ssl-mode", "prefer") => mode = Some(PgSslMode::Prefer),
            ("sslmode" | "ssl-mode", "require") => mode = Some(PgSslMode::Require),
            ("sslmode" | "ssl-mode", "verify-ca") => mode = Some(PgSslMode::VerifyCa),
            ("sslmode" | "ssl-mode", "verify-full") => mode = Some(PgSslMode::VerifyFull),
            ("sslmode" | "ssl-mode", _) => {
                return Err(
                    "has another sslmode than disable, prefer, require, verify-ca or verify-full, expected one of them"
                        .to_owned(),
                );
            }
            ("sslrootcert", "system") => mode = mode.or(Some(PgSslMode::VerifyFull)),
            ("sslrootcert", path) if server.ca_pem.is_none() => options = options.ssl_root_cert(path),
            ("sslrootcert", _) => {
                return Err("has sslrootcert, and postgres.ca_bundle is set, expected one of the two".to_owned());
            }
            ("sslcert", path) => options = options.ssl_client_cert(path),
            ("sslkey", path) => options = options.ssl_client_key(path),
            ("channel_binding", word) => is_bound = word == "require",
            ("application_name", name) => options = options.application_name(name),
            (name, _) if WITHOUT_EFFECT.contains(&name) => {}
            (name, _) => {
                let name: String = name.chars().take(32).collect();
                return Err(format!(
                    "has the parameter {name:?}, expected sslmode, sslrootcert, sslcert, sslkey, channel_binding or application_name"
                ));
            }
        }
    }
    let has_authority = server.ca_pem.is_some() || url.param("sslrootcert").is_some_and(|path| path != "system");
    let mode = match mode {
        // Whoever names an authority wants to be sure who answers.
        None if has_authority => PgSslMode::VerifyFull,
        None => PgSslMode::Prefer,
        Some(PgSslMode::Require) if has_authority => PgSslMode::VerifyCa,
        Some(mode) => mode,
    };
    // Binding to the channel keeps others out of the middle. The driver does not have it: the certificate does the same.
    let mode = if is_bound { PgSslMode::VerifyFull } else { mode };
    Ok((options.ssl_mode(mode), url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn read(url: &str) -> Result<PgConnectOptions, String> {
        let server = ServerOptions { url: Some(Secret::new(url)), ..ServerOptions::default() };
        options(&server).map(|(options, _)| options)
    }

    fn mode(url: &str, ca_pem: Option<&str>) -> String {
        let ca_pem = ca_pem.map(|pem| pem.as_bytes().to_vec());
        let server = ServerOptions { url: Some(Secret::new(url)), ca_pem, ..ServerOptions::default() };
        format!("{:?}", options(&server).unwrap().0.get_ssl_mode())
    }

    #[test]
    fn urls_as_providers_give_them_are_read() {
        for (url, host, port, user, database) in [
            (
                "postgres://u:p@ec2-1-2-3-4.compute-1.amazonaws.com:5433/d1",
                "ec2-1-2-3-4.compute-1.amazonaws.com",
                5433,
                "u",
                "d1",
            ),
            (
                "postgresql://u:p%23@db.abc.eu-west-1.rds.amazonaws.com/app?sslmode=verify-full&sslrootcert=/ca.pem",
                "db.abc.eu-west-1.rds.amazonaws.com",
                5432,
                "u",
                "app",
            ),
            (
                "postgresql://u:p@ep-x-1-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require",
                "ep-x-1-pooler.eu-central-1.aws.neon.tech",
                5432,
                "u",
                "neondb",
            ),
            (
                "postgres://postgres.abc:p@aws-0-eu.pooler.supabase.com:6543/postgres?pgbouncer=true&connection_limit=1",
                "aws-0-eu.pooler.supabase.com",
                6543,
                "postgres.abc",
                "postgres",
            ),
            (
                "postgres://u%40server:p@server.postgres.database.azure.com/db?sslmode=require&connect_timeout=10",
                "server.postgres.database.azure.com",
                5432,
                "u@server",
                "db",
            ),
            ("postgres://[::1]:5434", "::1", 5434, "llmtrace", "llmtrace"),
            ("postgres://me@h", "h", 5432, "me", "me"),
        ] {
            let options = read(url).unwrap();
            assert_eq!(
                (options.get_host(), options.get_port(), options.get_username(), options.get_database()),
                (host, port, user, Some(database)),
                "{url}"
            );
        }
    }

    #[test]
    fn tls_is_what_the_url_says_and_never_less_than_its_authority_asks() {
        let pem = Some("-----BEGIN CERTIFICATE-----");
        for (url, ca_pem, expected) in [
            ("postgres://h", None, "Prefer"),
            ("postgres://h", pem, "VerifyFull"),
            ("postgres://h?sslmode=disable", pem, "Disable"),
            ("postgres://h?sslmode=require", None, "Require"),
            ("postgres://h?sslmode=require", pem, "VerifyCa"),
            ("postgres://h?sslmode=verify-ca", None, "VerifyCa"),
            ("postgres://h?sslmode=verify-full", pem, "VerifyFull"),
            ("postgres://h?sslrootcert=/ca.pem", None, "VerifyFull"),
            ("postgres://h?sslrootcert=system", None, "VerifyFull"),
            ("postgres://h?sslmode=require&channel_binding=require", None, "VerifyFull"),
        ] {
            assert_eq!(mode(url, ca_pem), expected, "{url}");
        }
    }

    #[test]
    fn what_would_be_ignored_by_mistake_is_refused() {
        for (url, said) in [
            ("http://u:hunter2@h", "scheme \"http\""),
            ("postgres://u:hunter2@a:1,b:2/db", "names 2 hosts, expected one"),
            ("postgres://u:hunter2@h/db?sslmode=requier", "expected one of them"),
            ("postgres://u:hunter2@h/db?sslmod=require", "the parameter \"sslmod\""),
        ] {
            let error = read(url).unwrap_err();
            assert!(error.contains(said) && !error.contains("hunter2"), "{error}");
        }
    }
}
