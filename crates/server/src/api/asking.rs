//! Who asks the API: told apart before any route is reached, held to what the route needs, and written down where the log
//! wants to know.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, RawPathParams},
    http::{HeaderMap, HeaderName, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use llmtrace_model::{AccessRole, Actor, AuditEntry, Outcome, TenantId, TenantScope};
use serde::Serialize;

use super::{
    Api, access,
    cookie::Carriage,
    error::Problem,
    routes::{Logged, Need, Rule},
};
use crate::tenancy::{Caller, Ticket, client_address, holds_token, is_like_token};

/// Where an API key comes in.
const TOKEN: HeaderName = HeaderName::from_static("x-llmtrace-token");

/// The most that the log is told of what a question is about.
const TARGET_CHARS: usize = 512;

/// What the log is told instead of a text with a key in it.
const HIDDEN: &str = "***";

/// Who asks, and for what; every route finds it in its request.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) caller: Caller,
    pub(super) address: IpAddr,
    /// The role that the route takes in the tenant it is about; `None` where it is about none.
    pub(super) role: Option<AccessRole>,
    /// The cookie by which they are known; `None` where it is by a key, or not at all.
    pub(super) ticket: Option<Ticket>,
    line: Arc<Mutex<Line>>,
}

/// What a route tells the log of what it did.
#[derive(Debug, Default)]
struct Line {
    tenant: Option<TenantId>,
    target: String,
    before: Option<String>,
    after: Option<String>,
}

impl Asking {
    /// Somebody who was told apart; a route may learn that by its answer only.
    pub(super) fn of(caller: Caller, address: IpAddr) -> Self {
        let line = Line { tenant: caller.only_tenant().cloned(), ..Line::default() };
        Self { caller, address, role: None, ticket: None, line: Arc::new(Mutex::new(line)) }
    }

    /// Says whose rows this is about: it stands in that tenant's chain of the log.
    pub(super) fn is_about(&self, scope: &TenantScope) {
        match scope {
            TenantScope::One(tenant) => self.is_of(Some(tenant)),
            TenantScope::All => {}
        }
    }

    /// The same, where only what was found says whose it is: who reaches everything need not name the tenant, and each
    /// tenant's chain is to tell of all that was done to what is its own.
    pub(super) fn is_of(&self, tenant: Option<&TenantId>) {
        if let Some(tenant) = tenant {
            self.line().tenant = Some(tenant.clone());
        }
    }

    /// Says what it is done to.
    pub(super) fn targets(&self, target: &str) {
        self.line().target = target.to_owned();
    }

    /// Says what was changed.
    pub(super) fn changes<T: Serialize>(&self, before: Option<&T>, after: Option<&T>) {
        let json = |it: Option<&T>| it.and_then(|it| serde_json::to_string(it).ok());
        let mut line = self.line();
        (line.before, line.after) = (json(before), json(after));
    }

    fn line(&self) -> std::sync::MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Api {
    /// Tells apart who asks, and refuses who may not ask this anywhere; what depends on the tenant is decided by the route.
    pub(super) async fn admit(&self, parts: &mut Parts, rule: Rule) -> Result<Option<Asking>, Problem> {
        let role = match rule.need {
            Need::Nothing => return Ok(None),
            Need::Anybody => None,
            Need::Role(role) => Some(role),
            Need::Platform => Some(AccessRole::Admin),
        };
        let address = self.address_of(parts);
        let key = key_of(&parts.headers)?;
        let ticket = Carriage::of(&self.access, parts).ticket(&parts.headers).filter(|_| key.is_none());
        let caller = match &ticket {
            Some(ticket) => self.tenancy.logged_in(ticket, address).await,
            None => self.tenancy.who(key, address).await,
        };
        let caller = caller.map_err(Problem::Denied)?;
        // Where nobody is asked who they are, a cookie may say nothing.
        let ticket = ticket.filter(|_| caller.actor != Actor::Anonymous);
        if ticket.is_some() && !parts.method.is_safe() {
            // A browser sends the cookie whosever page asks it to, and says whose that is.
            access::check_origin_said(&parts.uri, &parts.headers)?;
        }
        let is_high_enough = role.is_none_or(|role| caller.highest().is_some_and(|has| has >= role));
        let may = is_high_enough && (rule.need != Need::Platform || caller.is_platform());
        // Whoever reaches one tenant stands in its chain, also where they reach for another's.
        let asking = Asking { role, ticket, ..Asking::of(caller, address) };
        asking.targets(&target_of(parts).await);
        if may {
            return Ok(Some(asking));
        }
        // Who tried what they may not is worth a line.
        self.note(&asking, rule.logged, Outcome::Refused).await?;
        let needed = if rule.need == Need::Platform { "platform" } else { role.map_or("any", AccessRole::as_str) };
        Err(Problem::RoleTooLow { has: asking.caller.highest().map_or("none", AccessRole::as_str), needed })
    }

    /// Writes down what was done, as its answer says; an answer that must not be given without a line in the log is kept back
    /// where there is none.
    pub(super) async fn write_down(&self, asking: &Asking, logged: Logged, response: Response) -> Response {
        let outcome = match response.status() {
            status if status.is_success() => Outcome::Done,
            StatusCode::FORBIDDEN => Outcome::Refused,
            _ => Outcome::Failed,
        };
        match self.note(asking, logged, outcome).await {
            Ok(()) => response,
            Err(problem) => problem.into_response(),
        }
    }

    async fn note(&self, asking: &Asking, logged: Logged, outcome: Outcome) -> Result<(), Problem> {
        let (Logged::Read(action) | Logged::Change(action)) = logged else { return Ok(()) };
        let entry = {
            let line = asking.line();
            AuditEntry {
                client_address: Some(asking.address.to_string()),
                target: line.target.clone(),
                before: line.before.clone(),
                after: line.after.clone(),
                outcome,
                ..self.tenancy.entry(asking.caller.actor, line.tenant.clone(), action)
            }
        };
        match logged {
            Logged::Change(_) => {
                // What was done is done: an answer that said otherwise would be wrong. It is counted, and in the log.
                self.tenancy.trail().record(entry).await.ok();
                Ok(())
            }
            Logged::Read(_) | Logged::No => self.tenancy.trail().note(entry).map_err(|_| Problem::LogFull),
        }
    }

    pub(super) fn address_of(&self, parts: &Parts) -> IpAddr {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
        peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
            client_address(&parts.headers, peer, &self.access.trusted_proxies)
        })
    }
}

/// What a question is about, for the log: what its path names, else its query.
async fn target_of(parts: &mut Parts) -> String {
    let path = RawPathParams::from_request_parts(parts, &()).await.ok();
    let named = path.iter().flatten().map(|(_, text)| text).collect::<Vec<_>>().join("/");
    let target = if named.is_empty() { parts.uri.query().unwrap_or_default() } else { &named };
    // Somebody takes a key for its id: the log keeps what it is told for ever.
    if holds_token(target.as_bytes()) {
        return HIDDEN.to_owned();
    }
    target.chars().take(TARGET_CHARS).collect()
}

/// The key that a request shows: as on the proxy in `X-LLMTrace-Token`, or as every HTTP client can, as a bearer token.
fn key_of(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let own = headers.get_all(TOKEN).iter().map(|value| value.to_str().unwrap_or("?").trim());
    let bearer = headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| {
        let (scheme, key) = value.to_str().ok()?.trim().split_once(' ')?;
        (scheme.eq_ignore_ascii_case("bearer") && is_like_token(key.trim())).then(|| key.trim())
    });
    let mut keys = own.chain(bearer);
    let first = keys.next();
    if keys.any(|other| Some(other) != first) {
        return Err(Problem::TwoKeys);
    }
    Ok(first)
}
