//! Logging in through the OpenID provider: whom it knows becomes a person here, with what their groups may do now.

use std::{net::IpAddr, time::Instant};

use llmtrace_model::{Actor, AuditEntry, TenantScope, User, UserId};
use llmtrace_store::{Replacing, Written};

use super::{
    Tenancy,
    failures::network,
    login::{Away, Login, Proven, ask},
    oidc::{self, Leaving, OidcRefused, Provider, Return},
    ticket::Ticket,
};

/// How often a change of somebody that crosses another is tried again.
const TRIES: usize = 5;

impl Tenancy {
    /// What people call the OpenID provider, where there is one.
    pub fn provider(&self) -> Option<&str> {
        self.oidc.as_ref().map(Provider::name)
    }

    /// Sends somebody to the OpenID provider, who is to come back to `redirect`.
    pub async fn leave(&self, redirect: String, next: String) -> Result<Leaving, OidcRefused> {
        let provider = self.oidc.as_ref().ok_or(OidcRefused::Failed)?;
        provider.leave(redirect, next, self.clock.now()).await
    }

    /// Lets in who comes back from the OpenID provider, and says which page they wanted.
    pub async fn arrive(
        &self,
        back: Return,
        sealed: &str,
        address: IpAddr,
        before: Option<&Ticket>,
    ) -> Result<(Login, String), OidcRefused> {
        let come = self.come_back(back, sealed, address).await;
        let (login, next) = come.inspect_err(|why| {
            self.events.notice(why.code());
            self.refused.note(address, why.code());
        })?;
        if let Some(before) = before {
            self.close(before).await;
        }
        Ok((login, next))
    }

    async fn come_back(&self, back: Return, sealed: &str, address: IpAddr) -> Result<(Login, String), OidcRefused> {
        let provider = self.oidc.as_ref().ok_or(OidcRefused::Failed)?;
        let address = network(address);
        // Each asks the provider something.
        if !self.failures.charge(address, Instant::now()) {
            return Err(OidcRefused::Unavailable);
        }
        let person = provider.arrive(back, sealed, self.clock.now()).await?;
        self.failures.forgive(&address);
        let next = person.next.clone();
        let user = self.known_by_provider(person).await?;
        let login = self.open(Proven::user(&user)).await.map_err(|_| OidcRefused::Unavailable)?;
        Ok((login, next))
    }

    /// The person of an identity, with the grants that the provider's groups give now; who is new is added.
    async fn known_by_provider(&self, person: oidc::Person) -> Result<User, OidcRefused> {
        let store = self.directory.store();
        for tried in 0..TRIES {
            let away = |Away| OidcRefused::Unavailable;
            let found = ask(&self.events, store.user_by_identity(&person.identity)).await.map_err(away)?;
            if found.as_ref().is_some_and(|user| !user.may_log_in()) {
                return Err(OidcRefused::Disabled);
            }
            let (wanted, replacing) = match &found {
                Some(user) if user.grants == person.grants && user.display == person.display => return Ok(user.clone()),
                Some(user) => {
                    let (grants, display) = (person.grants.clone(), person.display.clone());
                    (User { grants, display, ..user.clone() }, Replacing::Version(user.version))
                }
                None => (self.new_person(&person)?, Replacing::Nothing),
            };
            match ask(&self.events, store.put_user(&TenantScope::All, &wanted, replacing)).await.map_err(away)? {
                Written::Done => {
                    self.directory.catch_up().await;
                    self.note_person(found.as_ref(), &wanted);
                    return Ok(wanted);
                }
                // Somebody else changed them, or let them in for the first time, at the same moment.
                Written::Changed => {}
                Written::Taken if tried == 0 => {}
                Written::Taken => {
                    tracing::warn!("somebody whom the provider knows has a name that is another person's here");
                    return Err(OidcRefused::Unknown);
                }
                Written::Absent | Written::Full | Written::Outside => return Err(OidcRefused::Unknown),
            }
        }
        Err(OidcRefused::Unavailable)
    }

    fn new_person(&self, person: &oidc::Person) -> Result<User, OidcRefused> {
        let id = UserId::from_bytes(*uuid::Uuid::new_v4().as_bytes());
        let name = person.name.parse().map_err(|_| OidcRefused::Unknown)?;
        let user = User {
            display: person.display.clone(),
            identity: Some(person.identity.clone()),
            ..User::new(id, name, person.grants.clone(), self.clock.now())
        };
        user.check().map_err(|_| OidcRefused::Unknown)?;
        Ok(user)
    }

    /// Writes down what a provider's groups made of somebody, in the name of the program.
    fn note_person(&self, before: Option<&User>, after: &User) {
        let shown = |user: &User| {
            serde_json::json!({ "user_id": user.id, "grants": user.grants, "has_oidc": true }).to_string()
        };
        let action = if before.is_some() { "accounts.change" } else { "accounts.create" };
        let entry = AuditEntry {
            target: after.id.to_string(),
            before: before.map(shown),
            after: Some(shown(after)),
            ..self.entry(Actor::System, None, action)
        };
        // What finds no room is counted by the trail.
        self.trail.note(entry).ok();
    }
}
