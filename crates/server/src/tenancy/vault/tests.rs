use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_unix_us(5);

fn key(n: u8) -> MasterKey {
    MasterKey::new([n; 32])
}

fn vault() -> Vault {
    Vault::new(&key(1).into())
}

fn id(n: u8) -> CredentialId {
    CredentialId::from_bytes([n; 16])
}

fn sealed(vault: &Vault, secret: &str) -> ProviderCredential {
    vault.seal(id(1), &"team".parse().unwrap(), "openai", &Secret::new(secret), NOW).unwrap()
}

fn opened(vault: &Vault, credential: &ProviderCredential) -> Result<String, VaultError> {
    vault.open(credential).map(|secret| secret.expose().to_owned())
}

fn secrets() -> impl Strategy<Value = String> {
    prop_oneof!["[!-~]{1,200}", "\\PC{1,40}", Just("x".repeat(MAX_SECRET_BYTES))]
}

proptest! {
    #[test]
    fn what_was_sealed_opens_again(secret in secrets(), tenant in "[A-Za-z0-9][A-Za-z0-9._-]{0,63}", upstream in ".{0,70}") {
        let tenant: TenantId = tenant.parse().unwrap();
        let credential = vault().seal(id(7), &tenant, &upstream, &Secret::new(&*secret), NOW).unwrap();
        let same = (credential.id, &credential.tenant, &*credential.upstream, credential.version, credential.sealed_with);
        prop_assert_eq!(same, (id(7), &tenant, &*upstream, 1, key(1).id()));
        let bytes = credential.sealed.as_bytes();
        prop_assert!(secret.len() < 8 || !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        prop_assert_eq!(opened(&vault(), &credential), Ok(secret));
    }

    #[test]
    fn a_changed_byte_is_refused(secret in secrets(), at: prop::sample::Index, flip in 1..=255_u8) {
        let mut credential = sealed(&vault(), &secret);
        let mut bytes = credential.sealed.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        credential.sealed = Sealed::new(bytes);
        let error = opened(&vault(), &credential).unwrap_err();
        match at {
            0 => prop_assert_eq!(error, VaultError::Format(id(1))),
            1..HEAD => prop_assert!(matches!(error, VaultError::OtherKey { .. }), "{}", error),
            _ => prop_assert_eq!(error, VaultError::NotAuthentic(id(1))),
        }
    }

    #[test]
    fn what_was_cut_or_lengthened_is_refused(secret in secrets(), at: prop::sample::Index, more in "[a-z]{1,9}") {
        let mut credential = sealed(&vault(), &secret);
        let whole = credential.sealed.as_bytes().to_vec();
        for wrong in [whole[..at.index(whole.len())].to_vec(), [&whole, more.as_bytes()].concat()] {
            credential.sealed = Sealed::new(wrong);
            prop_assert_eq!(opened(&vault(), &credential), Err(VaultError::NotAuthentic(id(1))));
        }
    }

    #[test]
    fn what_was_moved_is_refused(tenant in "[a-z]{1,6}", upstream in "[a-z]{0,6}", n in 0..4_u8) {
        let vault = vault();
        let here = sealed(&vault, "secret");
        let elsewhere = ProviderCredential { id: id(n), tenant: tenant.parse().unwrap(), upstream, ..here.clone() };
        prop_assume!(elsewhere != here);
        prop_assert_eq!(opened(&vault, &elsewhere), Err(VaultError::NotAuthentic(elsewhere.id)));
    }

    #[test]
    fn no_other_master_key_opens_it(secret in secrets(), bytes: [u8; 32]) {
        prop_assume!(bytes != [1; 32]);
        let credential = sealed(&vault(), &secret);
        let other = MasterKey::new(bytes);
        let stranger = Vault::new(&other.clone().into());
        let expected = VaultError::OtherKey { id: id(1), key: key(1).id() };
        prop_assert_eq!(opened(&stranger, &credential), Err(expected));
        // Nor one that passes itself off as the right one.
        let mut bytes = credential.sealed.as_bytes().to_vec();
        bytes[1..HEAD].copy_from_slice(other.id().as_bytes());
        let forged = ProviderCredential { sealed: Sealed::new(bytes), sealed_with: other.id(), ..credential };
        prop_assert_eq!(opened(&stranger, &forged), Err(VaultError::NotAuthentic(id(1))));
    }
}

#[test]
fn a_text_does_not_pass_from_tenant_to_upstream() {
    let of = |tenant: &str, upstream: &str| {
        vault().seal(id(1), &tenant.parse().unwrap(), upstream, &Secret::new("secret"), NOW).unwrap()
    };
    let moved = ProviderCredential { sealed: of("ab", "c").sealed, ..of("a", "bc") };
    assert_eq!(opened(&vault(), &moved), Err(VaultError::NotAuthentic(id(1))));
}

#[test]
fn each_sealing_differs() {
    let (first, second) = (sealed(&vault(), "secret"), sealed(&vault(), "secret"));
    assert_ne!(first.sealed, second.sealed);
    assert_eq!(first.sealed.as_bytes().len(), HEAD + NONCE_LEN + 6 + 16);
}

/// Sealed by another implementation of the same algorithms.
#[test]
fn the_format_stays_readable() {
    let bytes =
        hex::decode("01b999952537dd824f000102030405060708090a0b6fdf64bdbbd450fc244e37d35ed7949948973a060dc3").unwrap();
    let credential = ProviderCredential { sealed: Sealed::new(bytes), ..sealed(&vault(), "other") };
    assert_eq!(opened(&vault(), &credential), Ok("secret".to_owned()));
}

#[test]
fn another_secret_takes_the_place_of_the_first() {
    let vault = vault();
    let first = ProviderCredential { version: 4, ..sealed(&vault, "a-secret-of-20-chars") };
    assert_eq!(first.hint.as_deref(), Some("hars"));
    let second = vault.replace(&first, &Secret::new("short"), Timestamp::from_unix_us(9)).unwrap();
    assert_eq!(opened(&vault, &second), Ok("short".to_owned()));
    let expected = ProviderCredential {
        sealed: second.sealed.clone(),
        hint: None,
        updated_at: Timestamp::from_unix_us(9),
        ..first
    };
    assert_eq!(second, expected);
}

#[test]
fn previous_keys_open_and_the_newest_seals() {
    let old = sealed(&vault(), "a-secret-of-20-chars");
    let both = Vault::new(&MasterKeys::new(key(2), &[key(3), key(1)]));
    assert_eq!(opened(&both, &old), Ok("a-secret-of-20-chars".to_owned()));
    let new = both.reseal(&old).unwrap().unwrap();
    let expected = ProviderCredential { sealed: new.sealed.clone(), sealed_with: key(2).id(), ..old.clone() };
    assert_eq!(new, expected, "nothing else of it changes");
    assert_eq!(both.reseal(&new), Ok(None));
    // The old key may go now.
    assert_eq!(opened(&Vault::new(&key(2).into()), &new), Ok("a-secret-of-20-chars".to_owned()));
    let gone = VaultError::OtherKey { id: id(1), key: key(1).id() };
    assert_eq!(Vault::new(&key(2).into()).reseal(&old), Err(gone));
    let damaged = ProviderCredential { tenant: "other".parse().unwrap(), ..old };
    assert_eq!(both.reseal(&damaged), Err(VaultError::NotAuthentic(id(1))));
}

#[test]
fn the_key_that_a_row_names_is_the_one_that_sealed_it() {
    let both = Vault::new(&MasterKeys::new(key(1), &[key(2)]));
    let credential = ProviderCredential { sealed_with: key(2).id(), ..sealed(&both, "secret") };
    assert_eq!(opened(&both, &credential), Err(VaultError::NotAuthentic(id(1))));
}

#[test]
fn secrets_are_bounded() {
    let seal = |secret: String| vault().seal(id(1), &"a".parse().unwrap(), "u", &Secret::new(secret), NOW);
    assert_eq!(seal(String::new()), Err(VaultError::Length(0)));
    assert_eq!(seal("x".repeat(MAX_SECRET_BYTES + 1)), Err(VaultError::Length(MAX_SECRET_BYTES + 1)));
}

#[test]
fn nothing_that_prints_tells_a_secret() {
    let vault = vault();
    let mut credential = sealed(&vault, "hunter2-hunter2-hunter2");
    let text = format!("{vault:?} {credential:?} {:?}", vault.open(&credential).unwrap());
    assert!(!text.contains("hunter2-"), "{text}");
    credential.upstream = "azure".to_owned();
    let error = vault.open(&credential).unwrap_err();
    let expected = "the credential 01010101-0101-0101-0101-010101010101 is not what was stored for its tenant and upstream: \
        it was changed or moved, store it again";
    assert_eq!(error.to_string(), expected);
}
