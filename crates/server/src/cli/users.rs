//! `users`: lists, adds, changes and removes people who log in.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use llmtrace_model::{Grant, PasswordHash, TenantId, TenantScope, Timestamp, User, UserId, UserName};
use llmtrace_store::{MAX_USERS, Replacing, Written};

use super::{
    access::{Access, Reach, print_json, print_table, shown},
    secret_input,
};
use crate::{
    api::view::{AccountList, AccountView, AuditedAccount},
    config::Config,
    tenancy::{NewPassword, hash_password},
};

/// Options of `users`.
#[derive(Debug, Args)]
pub(super) struct Users {
    #[command(subcommand)]
    what: What,
    /// Print JSON, as the API has it.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List people.
    List {
        /// Only those of this tenant; else all.
        #[arg(long, value_name = "TENANT")]
        tenant: Option<TenantId>,
    },
    /// Add a person. The password is asked for, or the first line of standard input.
    Create {
        /// What they log in with, typically an e-mail address.
        name: UserName,
        /// What others read.
        #[arg(long, default_value = "")]
        display: String,
        #[command(flatten)]
        reach: Reach,
        /// They have no password, and log in through an OpenID provider.
        #[arg(long)]
        no_password: bool,
    },
    /// Give a person a role, in the place of the one they had there.
    Grant {
        /// Their name or id.
        user: String,
        #[command(flatten)]
        reach: Reach,
    },
    /// Take a person's role in a tenant away, or the one for the whole installation.
    Revoke {
        /// Their name or id.
        user: String,
        /// The tenant; else the whole installation.
        #[arg(long, value_name = "TENANT")]
        tenant: Option<TenantId>,
    },
    /// Let a person log in no more; all their logins end, on every replica within two seconds.
    Disable {
        /// Their name or id.
        user: String,
    },
    /// Let a person log in again.
    Enable {
        /// Their name or id.
        user: String,
    },
    /// End all logins of a person, on every replica within two seconds.
    Logout {
        /// Their name or id.
        user: String,
    },
    /// Set a person's password, asked for or the first line of standard input; all their logins end.
    Password {
        /// Their name or id.
        user: String,
    },
    /// Remove a person for good: who they were is forgotten.
    Remove {
        /// Their name or id.
        user: String,
    },
}

impl Users {
    /// Does what is asked.
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let access = Access::open(config).await?;
        let done = self.carry_out(&access).await;
        access.close(done).await?;
        Ok(ExitCode::SUCCESS)
    }

    async fn carry_out(&self, access: &Access) -> anyhow::Result<()> {
        let now = access.clock.now();
        // Logins that began up to now are void.
        let void = Timestamp::from_unix_us(now.unix_us().saturating_add(1));
        match &self.what {
            What::List { tenant } => self.list(access, tenant.clone()).await,
            What::Create { name, display, reach, no_password } => {
                let password = if *no_password { None } else { Some(read_password(name)?) };
                self.create(access, name, display, reach.grant()?, password).await
            }
            What::Grant { user, reach } => {
                let grant = reach.grant()?;
                let granted = |user: &User| Ok(User { grants: granted(user, &grant)?, ..user.clone() });
                self.change(access, user, "accounts.change", grant.tenant(), granted).await
            }
            What::Revoke { user, tenant } => {
                let taken = |user: &User| {
                    let mut grants = user.grants.clone();
                    grants.retain(|grant| grant.tenant() != tenant.as_ref());
                    Ok(User { grants, ..user.clone() })
                };
                self.change(access, user, "accounts.change", tenant.as_ref(), taken).await
            }
            What::Disable { user } => {
                let disabled = |user: &User| {
                    let disabled_at = user.disabled_at.or(Some(now));
                    Ok(User { disabled_at, sessions_from: void, ..user.clone() })
                };
                self.change(access, user, "accounts.change", None, disabled).await
            }
            What::Enable { user } => {
                let enabled = |user: &User| Ok(User { disabled_at: None, ..user.clone() });
                self.change(access, user, "accounts.change", None, enabled).await
            }
            What::Logout { user } => {
                let out = |user: &User| Ok(User { sessions_from: void, ..user.clone() });
                self.change(access, user, "accounts.logout", None, out).await
            }
            What::Password { user } => {
                let found = find(access, user).await?;
                let name = found.name.as_ref().context("a person without a name")?;
                let password = Some(read_password(name)?);
                let set = |user: &User| Ok(User { password: password.clone(), sessions_from: void, ..user.clone() });
                self.change(access, user, "accounts.change", None, set).await
            }
            What::Remove { user } => {
                let removed = |user: &User| Ok(User { removed_at: Some(now), sessions_from: void, ..user.clone() });
                self.change(access, user, "accounts.remove", None, removed).await
            }
        }
    }

    async fn list(&self, access: &Access, tenant: Option<TenantId>) -> anyhow::Result<()> {
        let scope = tenant.map_or(TenantScope::All, TenantScope::One);
        let found = access.meta.users(&scope).await.context("reading people")?;
        if self.json {
            return print_json(&AccountList {
                items: found.iter().map(|user| AccountView::of(user, &scope)).collect(),
            });
        }
        let row = |user: User| {
            let state = if user.disabled_at.is_some() { "disabled" } else { "active" };
            let reaches = user.grants.iter().map(shown).collect::<Vec<_>>().join(" ");
            let seen = user.last_login_at.map_or("never".to_owned(), |at| at.to_string());
            let name = user.name.as_ref().map_or(String::new(), UserName::to_string);
            [user.id.to_string(), name, state.to_owned(), reaches, seen]
        };
        print_table(
            ["USER ID", "NAME", "STATE", "REACHES", "LAST LOGIN"],
            &found.into_iter().map(row).collect::<Vec<_>>(),
        );
        Ok(())
    }

    async fn create(
        &self,
        access: &Access,
        name: &UserName,
        display: &str,
        grant: Grant,
        password: Option<PasswordHash>,
    ) -> anyhow::Result<()> {
        let (now, scope, tenant) = (access.clock.now(), grant.scope(), grant.tenant().cloned());
        let id = UserId::from_bytes(*uuid::Uuid::new_v4().as_bytes());
        let display = display.to_owned();
        let user = User { display, password, ..User::new(id, name.clone(), vec![grant], now) };
        user.check()?;
        match access.meta.put_user(&scope, &user, Replacing::Nothing).await.context("adding the person")? {
            Written::Done => {}
            Written::Taken => bail!("somebody has the name {name} already; `users grant` gives them a further role"),
            Written::Full => bail!("there are {MAX_USERS} people already"),
            other @ (Written::Changed | Written::Absent | Written::Outside) => {
                bail!("the person was not added: {other:?}");
            }
        }
        let audited = AuditedAccount::of(&user);
        access.note("accounts.create", tenant.as_ref(), &user.id.to_string(), None, Some(&audited)).await?;
        self.say(&user)
    }

    /// Changes a person, whatever version there is, and writes it down in the chain of a tenant or of the installation.
    async fn change(
        &self,
        access: &Access,
        who: &str,
        action: &str,
        tenant: Option<&TenantId>,
        change: impl Fn(&User) -> anyhow::Result<User>,
    ) -> anyhow::Result<()> {
        loop {
            let before = find(access, who).await?;
            let wanted = change(&before)?;
            let is_removed = wanted.removed_at.is_some();
            if !is_removed {
                wanted.check()?;
            }
            let replacing = Replacing::Version(before.version);
            match access.meta.put_user(&TenantScope::All, &wanted, replacing).await.context("changing the person")? {
                Written::Done => {}
                // Whoever changes a person here means them, whatever somebody else changed meanwhile.
                Written::Changed => continue,
                other @ (Written::Absent | Written::Full | Written::Taken | Written::Outside) => {
                    bail!("the person was not changed: {other:?}");
                }
            }
            let after = User { version: before.version.saturating_add(1), ..wanted };
            let (old, new) = (AuditedAccount::of(&before), AuditedAccount::of(&after));
            let new = (!is_removed).then_some(&new);
            access.note(action, tenant, &before.id.to_string(), Some(&old), new).await?;
            if is_removed {
                eprintln!("{who} was removed");
                return Ok(());
            }
            return self.say(&after);
        }
    }

    fn say(&self, user: &User) -> anyhow::Result<()> {
        if self.json {
            return print_json(&AccountView::of(user, &TenantScope::All));
        }
        let name = user.name.as_ref().map_or(String::new(), UserName::to_string);
        let reaches = user.grants.iter().map(shown).collect::<Vec<_>>().join(", ");
        let reaches = if reaches.is_empty() { "reaches nothing".to_owned() } else { format!("reaches {reaches}") };
        let state = if user.disabled_at.is_some() { "disabled, " } else { "" };
        println!("{name} ({}): {state}{reaches}", user.id);
        Ok(())
    }
}

async fn find(access: &Access, who: &str) -> anyhow::Result<User> {
    let found = match who.parse::<UserId>() {
        Ok(id) => access.meta.user(&TenantScope::All, id).await,
        Err(_) => access.meta.user_by_name(&who.parse()?).await,
    };
    found.context("reading people")?.with_context(|| format!("there is nobody of the name or id {who}"))
}

/// What somebody reaches once they have this grant.
fn granted(user: &User, grant: &Grant) -> anyhow::Result<Vec<Grant>> {
    let mut grants = user.grants.clone();
    if *grant == Grant::Platform {
        return Ok(vec![Grant::Platform]);
    }
    if grants.contains(&Grant::Platform) {
        bail!("they reach everything already: take that away first, with `users revoke`");
    }
    grants.retain(|other| other.tenant() != grant.tenant());
    grants.push(grant.clone());
    Ok(grants)
}

fn read_password(name: &UserName) -> anyhow::Result<PasswordHash> {
    let password = NewPassword::of(secret_input::new_password()?, name).context("the password")?;
    Ok(hash_password(&password)?)
}
