//! Passwords: which are taken, and their hashes (argon2id), which take a while on purpose and so are made away from the
//! threads that forward exchanges, a few at a time.

use std::{fmt, sync::LazyLock, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash as Phc, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::Salt,
};
use llmtrace_model::{PasswordHash, UserName};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::{sync::Semaphore, time::timeout};

use crate::tasks::off_runtime;

/// What a hash costs: the first of OWASP's equals (Password Storage Cheat Sheet, "Argon2id", 2025): 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes made at once: 76 MiB.
const AT_ONCE: usize = 4;
/// The longest that one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(3);

/// A password that is good enough to be set. It is printed by nothing.
pub struct NewPassword(String);

/// Says what is wrong with a password, and not what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// It is soon guessed.
    #[error("found fewer than {} characters, expected at least so many", NewPassword::MIN_CHARS)]
    Short,
    /// It is no password any more.
    #[error("found more than {} bytes, expected at most so many", NewPassword::MAX_BYTES)]
    Long,
    /// It is the first that somebody tries.
    #[error("found the name, expected something else")]
    Name,
    /// One character, again and again.
    #[error("found one character only, expected several")]
    OneCharacter,
}

impl NewPassword {
    /// The fewest characters.
    pub const MIN_CHARS: usize = 12;
    /// The most bytes.
    pub const MAX_BYTES: usize = 256;

    /// Takes a password for somebody, blanks and all.
    pub fn of(text: String, name: &UserName) -> Result<Self, WeakPassword> {
        if text.len() > Self::MAX_BYTES {
            return Err(WeakPassword::Long);
        }
        if text.chars().count() < Self::MIN_CHARS {
            return Err(WeakPassword::Short);
        }
        if text.trim().to_lowercase() == name.as_str() {
            return Err(WeakPassword::Name);
        }
        let first = text.chars().next();
        if text.chars().all(|c| Some(c) == first) {
            return Err(WeakPassword::OneCharacter);
        }
        Ok(Self(text))
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why there is no answer about a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unhashed {
    /// As many wait as may.
    #[error("too many passwords are checked now")]
    Busy,
    /// The machine gives no random bytes, or no memory.
    #[error("the password cannot be hashed")]
    Broken,
}

/// Makes and compares hashes, so many at a time.
pub(super) struct Hashing {
    turns: Semaphore,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE) }
    }
}

impl Hashing {
    /// The hash of a new password.
    pub(super) async fn hash(&self, password: NewPassword) -> Result<PasswordHash, Unhashed> {
        let _turn = self.turn().await?;
        off_runtime(move || hash(&password.0)).await.map_err(|_| Unhashed::Broken)?
    }

    /// Says whether a password is the one of a hash. Without a hash it is not, which takes as long to say.
    pub(super) async fn is(&self, password: String, hash: Option<PasswordHash>) -> Result<bool, Unhashed> {
        if password.len() > NewPassword::MAX_BYTES {
            return Ok(false);
        }
        let _turn = self.turn().await?;
        off_runtime(move || is(&password, hash.as_ref())).await.map_err(|_| Unhashed::Broken)
    }

    async fn turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Unhashed> {
        timeout(PATIENCE, self.turns.acquire()).await.ok().and_then(Result::ok).ok_or(Unhashed::Busy)
    }
}

/// Hashes a new password here and now, for a command that serves nobody.
pub fn hash_password(password: &NewPassword) -> Result<PasswordHash, Unhashed> {
    hash(&password.0)
}

fn hash(password: &str) -> Result<PasswordHash, Unhashed> {
    let mut salt = [0; 16];
    SystemRandom::new().fill(&mut salt).map_err(|_| Unhashed::Broken)?;
    let salt = Salt::new(&salt).map_err(|_| Unhashed::Broken)?;
    let hash: Phc = ours().hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| Unhashed::Broken)?;
    hash.to_string().parse().map_err(|_| Unhashed::Broken)
}

fn is(password: &str, hash: Option<&PasswordHash>) -> bool {
    /// Whoever has no password is compared with one that nobody knows.
    static NOBODYS: LazyLock<Option<PasswordHash>> = LazyLock::new(|| hash_of_nobody().ok());
    let compared = hash.or(NOBODYS.as_ref());
    let known = compared.and_then(|hash| Phc::new(hash.as_str()).ok());
    let is = known.is_some_and(|known| ours().verify_password(password.as_bytes(), &known).is_ok());
    is && hash.is_some()
}

fn hash_of_nobody() -> Result<PasswordHash, Unhashed> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Unhashed::Broken)?;
    hash(&hex::encode(bytes))
}

fn ours() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the constants are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> UserName {
        "ada.lovelace@example.org".parse().unwrap()
    }

    #[test]
    fn what_is_soon_guessed_is_refused() {
        for (bad, why) in [
            ("elevenchars", WeakPassword::Short),
            ("éééééé", WeakPassword::Short),
            (&"x".repeat(257), WeakPassword::Long),
            (" Ada.Lovelace@example.org", WeakPassword::Name),
            ("aaaaaaaaaaaaaaaa", WeakPassword::OneCharacter),
        ] {
            let refused = NewPassword::of(bad.to_owned(), &name()).unwrap_err();
            assert_eq!(refused, why);
            assert!(!refused.to_string().contains(bad));
        }
        let good = NewPassword::of("correct horse battery".to_owned(), &name()).unwrap();
        assert_eq!(format!("{good:?}"), "***");
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_which_is_never_the_same() {
        let hashing = Hashing::default();
        let new = || NewPassword::of("correct horse battery".to_owned(), &name()).unwrap();
        let (one, other) = (hashing.hash(new()).await.unwrap(), hashing.hash(new()).await.unwrap());
        assert_ne!(one, other, "each has a salt of its own");
        assert!(one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.as_str());
        let is = |text: &str, hash: &PasswordHash| hashing.is(text.to_owned(), Some(hash.clone()));
        assert!(is("correct horse battery", &one).await.unwrap());
        for wrong in ["correct horse batter", "", &"x".repeat(9_999)] {
            assert!(!is(wrong, &one).await.unwrap());
        }
    }

    #[tokio::test]
    async fn who_has_no_password_is_compared_with_one_that_costs_the_same() {
        let hashing = Hashing::default();
        assert!(!hashing.is("correct horse battery".to_owned(), None).await.unwrap());
        let params = |hash: &PasswordHash| hash.as_str().rsplitn(3, '$').last().unwrap().to_owned();
        let real = hash("correct horse battery").unwrap();
        assert_eq!(params(&hash_of_nobody().unwrap()), params(&real));
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_are_hashed_at_once_and_the_rest_is_told_so() {
        let hashing = Hashing::default();
        let held = hashing.turns.acquire_many(u32::try_from(AT_ONCE).unwrap()).await.unwrap();
        assert_eq!(hashing.is("correct horse battery".to_owned(), None).await, Err(Unhashed::Busy));
        drop(held);
    }
}
