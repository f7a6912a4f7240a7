//! People, and how far they reach.

use crate::{AccessRole, Grant, Identity, PasswordHash, Session, TenantId, TenantScope, Timestamp, UserId, UserName};

/// A person who can log in. Who was removed has only an identity left, which the audit log names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Identity; never given again.
    pub id: UserId,
    /// 1 when they were added, one more with every change.
    pub version: u32,
    /// What they log in with; `None` once removed, and only then.
    pub name: Option<UserName>,
    /// What others read; may be empty.
    pub display: String,
    /// The hash of their password; `None` where they have none.
    pub password: Option<PasswordHash>,
    /// Who they are to an OpenID provider; `None` where they do not log in through one.
    pub identity: Option<Identity>,
    /// How far they reach: into tenants, each once, or everywhere.
    pub grants: Vec<Grant>,
    /// When they were added.
    pub created_at: Timestamp,
    /// Since when they may not log in; `None` where they may.
    pub disabled_at: Option<Timestamp>,
    /// When they were removed, for good.
    pub removed_at: Option<Timestamp>,
    /// Login sessions that began before are void; it only rises.
    pub sessions_from: Timestamp,
    /// When they logged in last.
    pub last_login_at: Option<Timestamp>,
}

impl User {
    /// The most characters of [`User::display`].
    pub const MAX_DISPLAY_CHARS: usize = 254;

    /// The most grants.
    pub const MAX_GRANTS: usize = 100;

    /// Whether they may log in: nobody disabled or removed them.
    pub fn may_log_in(&self) -> bool {
        self.disabled_at.is_none() && self.removed_at.is_none()
    }

    /// Whether a session of theirs still counts, as far as they are concerned; whether it is over is the session's to say.
    pub fn honours(&self, session: &Session) -> bool {
        self.may_log_in() && session.created_at >= self.sessions_from
    }

    /// The role they have in a tenant; `None` where they have none there.
    pub fn role_in(&self, tenant: &TenantId) -> Option<AccessRole> {
        self.grants.iter().filter_map(|grant| grant.role_in(tenant)).max()
    }

    /// How far they reach now: every grant, and none where they may not log in.
    pub fn reach(&self) -> &[Grant] {
        if self.may_log_in() { &self.grants } else { &[] }
    }

    /// A new person, who logs in with nothing yet.
    pub fn new(id: UserId, name: UserName, grants: Vec<Grant>, now: Timestamp) -> Self {
        Self {
            id,
            version: 1,
            name: Some(name),
            display: String::new(),
            password: None,
            identity: None,
            grants,
            created_at: now,
            disabled_at: None,
            removed_at: None,
            sessions_from: now,
            last_login_at: None,
        }
    }

    /// Whether they belong to a scope: to a tenant, by a grant there.
    pub fn is_inside(&self, scope: &TenantScope) -> bool {
        match scope {
            TenantScope::All => true,
            TenantScope::One(tenant) => self.grants.iter().any(|grant| grant.tenant() == Some(tenant)),
        }
    }

    /// What is left of them once removed: that they were there, and changed how often.
    pub fn removed(self, at: Timestamp) -> Self {
        Self {
            name: None,
            display: String::new(),
            password: None,
            identity: None,
            grants: Vec::new(),
            removed_at: Some(at),
            last_login_at: None,
            ..self
        }
    }

    /// Whether it is what a user is expected to be.
    pub fn check(&self) -> Result<(), Unsound> {
        if self.name.is_none() != self.removed_at.is_some() {
            return Err(Unsound::Name);
        }
        if self.display.chars().count() > Self::MAX_DISPLAY_CHARS {
            return Err(Unsound::Display);
        }
        if self.grants.len() > Self::MAX_GRANTS {
            return Err(Unsound::Grants);
        }
        let mut tenants: Vec<Option<&TenantId>> = self.grants.iter().map(Grant::tenant).collect();
        tenants.sort_unstable();
        let is_twice = tenants.windows(2).any(|two| two[0] == two[1]);
        // The platform's has no tenant, and comes first.
        if is_twice || (tenants.len() > 1 && tenants[0].is_none()) {
            return Err(Unsound::GrantTwice);
        }
        if self.identity.as_ref().is_some_and(|identity| !identity.is_sound()) {
            return Err(Unsound::Identity);
        }
        Ok(())
    }
}

/// Why something is no user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// Somebody without a name, or with one though removed.
    #[error("a user has a name until they are removed")]
    Name,
    /// Too long a text.
    #[error("a user's display name has more than {} characters", User::MAX_DISPLAY_CHARS)]
    Display,
    /// Too many.
    #[error("a user has more than {} grants", User::MAX_GRANTS)]
    Grants,
    /// Two of one tenant, or one of the platform and others.
    #[error("a user has two grants for one tenant, or another one beside that for the platform")]
    GrantTwice,
    /// An identity that is empty or too long.
    #[error(
        "an identity is expected to have an issuer of 1 to {} and a subject of 1 to {} bytes",
        Identity::MAX_ISSUER_BYTES,
        Identity::MAX_SUBJECT_BYTES
    )]
    Identity,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Holder, SessionHash};

    fn us(us: i64) -> Timestamp {
        Timestamp::from_unix_us(us)
    }

    fn tenant(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    fn user(grants: Vec<Grant>) -> User {
        User {
            id: UserId::from_bytes([1; 16]),
            version: 1,
            name: Some("ada@example.org".parse().unwrap()),
            display: "Ada".to_owned(),
            password: None,
            identity: None,
            grants,
            created_at: us(0),
            disabled_at: None,
            removed_at: None,
            sessions_from: us(10),
            last_login_at: None,
        }
    }

    fn in_tenant(name: &str, role: AccessRole) -> Grant {
        Grant::Tenant(tenant(name), role)
    }

    #[test]
    fn who_is_disabled_or_removed_reaches_nothing() {
        let good = user(vec![in_tenant("a", AccessRole::Viewer), in_tenant("b", AccessRole::Admin)]);
        assert!(good.may_log_in() && good.reach().len() == 2);
        assert_eq!(good.role_in(&tenant("b")), Some(AccessRole::Admin));
        assert_eq!(good.role_in(&tenant("c")), None);
        assert_eq!(user(vec![Grant::Platform]).role_in(&tenant("c")), Some(AccessRole::Admin));
        for bad in [User { disabled_at: Some(us(1)), ..good.clone() }, User { removed_at: Some(us(1)), ..good }] {
            assert!(!bad.may_log_in() && bad.reach().is_empty());
        }
    }

    #[test]
    fn sessions_that_began_before_a_change_are_void() {
        let session = |created_at| Session {
            hash: SessionHash::of("token"),
            holder: Holder::User(UserId::from_bytes([1; 16])),
            created_at: us(created_at),
            seen_at: us(created_at),
            expires_at: us(i64::MAX),
            idle_us: u64::MAX,
        };
        let user = user(vec![Grant::Platform]);
        assert!(!user.honours(&session(9)) && user.honours(&session(10)));
        assert!(!User { disabled_at: Some(us(1)), ..user }.honours(&session(10)));
    }

    #[test]
    fn a_scope_holds_who_has_a_grant_there() {
        let one = |name| TenantScope::One(tenant(name));
        let ada = user(vec![in_tenant("a", AccessRole::Viewer)]);
        assert!(ada.is_inside(&one("a")) && !ada.is_inside(&one("b")) && ada.is_inside(&TenantScope::All));
        assert!(!user(vec![Grant::Platform]).is_inside(&one("a")), "the platform's are nobody's");
    }

    #[test]
    fn a_user_is_what_is_expected() {
        let a = |role| in_tenant("a", role);
        let many = |n| (0..n).map(|n| in_tenant(&format!("t{n}"), AccessRole::Viewer)).collect();
        let identity =
            |issuer: &str, subject: &str| Some(Identity { issuer: issuer.to_owned(), subject: subject.to_owned() });
        let good = user(many(100));
        assert_eq!(good.check(), Ok(()));
        assert_eq!(good.clone().removed(us(1)).check(), Ok(()));
        for (bad, why) in [
            (User { name: None, ..good.clone() }, Unsound::Name),
            (User { removed_at: Some(us(1)), ..good.clone() }, Unsound::Name),
            (User { display: "x".repeat(255), ..good.clone() }, Unsound::Display),
            (user(many(101)), Unsound::Grants),
            (user(vec![a(AccessRole::Viewer), a(AccessRole::Admin)]), Unsound::GrantTwice),
            (user(vec![a(AccessRole::Viewer), Grant::Platform]), Unsound::GrantTwice),
            (user(vec![Grant::Platform, Grant::Platform]), Unsound::GrantTwice),
            (User { identity: identity("", "s"), ..good.clone() }, Unsound::Identity),
            (User { identity: identity("i", &"s".repeat(256)), ..good }, Unsound::Identity),
        ] {
            assert_eq!(bad.check(), Err(why));
        }
    }
}
