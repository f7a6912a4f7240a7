//! Connecting to a server: whom TLS trusts, and what it means to an operator when no connection comes about.
//!
//! An engine's driver says what happened in its own words; here they become one sentence that names the setting and the way out.

use std::{error::Error as StdError, io, sync::Arc};

use rustls::{
    AlertDescription, CertificateError, ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{error::Complaint, error::causes};

/// TLS as everywhere in this program (ADR 0005): the built-in authorities, and those of a bundle beside them.
pub(crate) fn tls(ca_pem: Option<&[u8]>) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for certificate in ca_pem.into_iter().flat_map(CertificateDer::pem_slice_iter) {
        let certificate = certificate.map_err(|error| rustls::Error::General(error.to_string()))?;
        roots.add(certificate)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(config.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}

/// Where an engine's settings are, and what its server is like.
pub(crate) struct Section {
    /// The section of the configuration: `clickhouse`.
    pub(crate) name: &'static str,
    /// How TLS is switched on in its URL: `https://`.
    pub(crate) with_tls: &'static str,
    /// How it is switched off: `http://`.
    pub(crate) without_tls: &'static str,
}

impl Section {
    /// Says why no connection came about; `None` where the error is about something else.
    pub(crate) fn complaint(&self, error: &(dyn StdError + 'static)) -> Option<Complaint> {
        let says =
            of_chain(error, |cause| self.of_tls(cause)).or_else(|| of_chain(error, |cause| self.of_io(cause)))?;
        Some(Complaint::new(says, causes(error)))
    }

    /// What a server means that hangs up.
    pub(crate) fn ended(&self) -> String {
        let Self { name, with_tls, without_tls } = self;
        format!(
            "{name}.url: the server ends the connection without an answer, see its log, correct the port, and see whether it \
             speaks TLS there ({with_tls}) or not ({without_tls})"
        )
    }

    fn of_tls(&self, cause: &(dyn StdError + 'static)) -> Option<String> {
        let Self { name, with_tls, without_tls } = self;
        Some(match cause.downcast_ref::<rustls::Error>()? {
            rustls::Error::InvalidCertificate(why) => match why {
                // Also where another authority has the name of one that is known: one that was made anew.
                CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
                    "{name}.ca_bundle: the server's certificate is of an authority that is neither built in nor in this \
                     setting's file, let it name a PEM file with that authority"
                ),
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
                    "{name}.url: the server's certificate is not for the host that is named there, name the server as its \
                     certificate does, or give it a certificate for this name"
                ),
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => format!(
                    "{name}.url: the server's certificate is expired or not valid yet, renew it, and see that the clocks of \
                     both machines are right"
                ),
                other => format!(
                    "{name}.ca_bundle: the server's certificate cannot be trusted, give the server one that an authority \
                     signed for its name, and name that authority here{}",
                    // The usual self-made certificate: one that is its own authority.
                    if other.to_string().contains("CaUsedAsEndEntity") {
                        "; what it has is an authority itself"
                    } else {
                        ""
                    }
                ),
            },
            rustls::Error::InvalidMessage(_) => format!(
                "{name}.url: what answers does not speak TLS, use {without_tls}, or the port at which the server speaks TLS"
            ),
            rustls::Error::AlertReceived(
                AlertDescription::CertificateRequired | AlertDescription::BadCertificate | AlertDescription::UnknownCA,
            ) => format!(
                "{name}.url: the server asks for a certificate of its clients, correct the server's settings: \
                 a password is all it gets from here"
            ),
            _ => format!(
                "{name}.url: no TLS connection comes about, correct host and port, see that the server speaks TLS 1.2 or \
                 1.3, or use {without_tls} where it speaks none ({with_tls} is asked for)"
            ),
        })
    }

    fn of_io(&self, cause: &(dyn StdError + 'static)) -> Option<String> {
        let name = self.name;
        let error = cause.downcast_ref::<io::Error>()?;
        Some(match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                format!("{name}.url: nothing listens at this host and port, start the server, or correct them")
            }
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::TimedOut => format!(
                "{name}.url: the host does not answer, see that it runs and that no firewall is between, or correct host and \
                 port"
            ),
            // What std says where the resolver knows no such name; it has no kind for it.
            _ if error.to_string().contains("failed to lookup address") => format!(
                "{name}.url: the name of the host is not known, correct it, or see that the name service knows it"
            ),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
                self.ended()
            }
            _ => return None,
        })
    }
}

/// The first of an error and its causes that something can be said about. An I/O error carries its cause inside.
fn of_chain(
    error: &(dyn StdError + 'static),
    say: impl Fn(&(dyn StdError + 'static)) -> Option<String>,
) -> Option<String> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(said) = say(cause) {
            return Some(said);
        }
        if let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref)
            && let Some(said) = of_chain(inner, &say as &dyn Fn(&(dyn StdError + 'static)) -> Option<String>)
        {
            return Some(said);
        }
        next = cause.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTION: Section = Section { name: "clickhouse", with_tls: "https://", without_tls: "http://" };

    #[test]
    fn every_cause_has_a_sentence_with_the_setting_and_the_way_out() {
        let io = |kind| io::Error::new(kind, "hidden");
        let tls = |error: rustls::Error| io::Error::new(io::ErrorKind::InvalidData, error);
        for (error, expected) in [
            (io(io::ErrorKind::ConnectionRefused), "start the server"),
            (io(io::ErrorKind::TimedOut), "firewall"),
            (io(io::ErrorKind::ConnectionReset), "speaks TLS there (https://)"),
            (io::Error::other("failed to lookup address information: unknown"), "name service"),
            (tls(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)), "clickhouse.ca_bundle"),
            (tls(rustls::Error::InvalidCertificate(CertificateError::NotValidForName)), "name the server"),
            (tls(rustls::Error::InvalidCertificate(CertificateError::Expired)), "renew"),
            (tls(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)), "use http://"),
            (tls(rustls::Error::HandshakeNotComplete), "TLS 1.2"),
        ] {
            let complaint = SECTION.complaint(&error).unwrap();
            assert!(complaint.says().starts_with("clickhouse."), "{complaint}");
            assert!(complaint.says().contains(expected), "{complaint}");
            assert!(!complaint.says().contains("hidden"), "{complaint}");
        }
        assert_eq!(SECTION.complaint(&io(io::ErrorKind::StorageFull)), None);
    }

    #[test]
    fn a_bundle_that_is_none_is_refused() {
        assert!(tls(None).is_ok());
        assert!(tls(Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")).is_err());
    }
}
