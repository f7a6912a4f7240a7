//! The configuration: one YAML file over the embedded defaults, the environment over the file, flags over both.
//!
//! [`Config::load`] shows the order. Whatever is invalid keeps the process from starting, and every problem is reported at
//! once, with its key, its source, what was found and what was expected. `config/default.yaml` is the reference.

mod check;
mod error;
mod guard;
mod key_file;
mod layers;
mod master_key;
mod net;
mod oidc;
mod options;
mod own_guard;
mod ruling;
mod schema;
mod secret;
mod servers;
mod source;
mod typed;
mod values;

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

pub use error::{ConfigErrors, Fault, Problem};
pub use guard::{GuardOptions, OnFailure, OnOpaque, TenantPolicies};
pub use key_file::{KeyFileError, load_or_create};
pub use layers::DEFAULT_YAML;
pub use llmtrace_model::{CaptureContent, CaptureRaw};
pub use master_key::{KeyError, MasterKey, MasterKeys};
pub use net::{BaseUrl, Cidr, HostName, ProxyUrl};
pub use oidc::{OidcOptions, OidcRole, OidcRoleWord};
pub use options::{
    AdminOptions, AuthMode, AuthOptions, AwsOptions, BufferOptions, CaptureOptions, Config, Credential, Fsync, Http2,
    JournalMode, JournalOptions, LoggingOptions, OnClientGone, PipelineOptions, PriceOptions, Profile, Propagate,
    ProxyOptions, SecretOptions, ShutdownOptions, StorageOptions, StreamUsage, TlsOptions, TraceOptions, Upstream,
    UpstreamTls,
};
pub use own_guard::OwnGuard;
pub use ruling::{Guarding, Ruling, RulingSource, Stances};
pub use schema::json_schema;
pub use secret::Secret;
pub use servers::{ClickhouseOptions, Password, PostgresOptions, RedisOptions, ServerAddress};
pub use source::{Flag, Origin, Sources};
pub use values::{ByteSize, Days, LogLevel, StoreUrl, UnknownModel};

impl Config {
    /// Loads, checks and fills in a configuration.
    pub fn load(sources: &Sources) -> Result<Self, ConfigErrors> {
        let schema = schema::bare_schema();
        let mut layers = layers::Layers::read(sources, &schema);
        typed::check_tree(&mut layers, &schema);
        typed::look_up_secrets(&mut layers, sources, &schema);
        typed::fill_in(&mut layers, sources);
        typed::build(layers, &schema)
    }
}

impl Default for Config {
    /// The embedded defaults, whatever the environment says.
    fn default() -> Self {
        Self::load(&Sources::default()).expect("a test loads default.yaml")
    }
}
