//! A connection that is encrypted, both ends proven by certificates.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore};

use super::dial::{Dial, Dialling, Tcp, Wire};
use super::host::TlsFiles;

/// A host and port, with encryption.
pub(super) struct Tls {
    tcp: Tcp,
    name: ServerName<'static>,
    connector: TlsConnector,
}

impl Tls {
    /// Reads the certificates; an error says which file is wrong, and how.
    pub(super) fn new(address: &str, files: &TlsFiles) -> Result<Tls, String> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("`{host}` is no name of a host"))?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&files.ca)? {
            roots.add(certificate).map_err(|error| format!("{}: {error}", files.ca.display()))?;
        }
        let config = ClientConfig::builder().with_root_certificates(roots);
        let config = match &files.own {
            None => config.with_no_client_auth(),
            Some((cert, key)) => {
                let own = certificates(cert)?;
                let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| cannot_read(key, &error))?;
                let wrong = |error| format!("{} and {} do not belong together: {error}", cert.display(), key.display());
                config.with_client_auth_cert(own, secret).map_err(wrong)?
            }
        };
        Ok(Tls { tcp: Tcp(address.to_owned()), name, connector: TlsConnector::from(Arc::new(config)) })
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(all) if all.is_empty() => Err(format!("{} holds no certificate", path.display())),
        Ok(all) => Ok(all),
        Err(error) => Err(cannot_read(path, &error)),
    }
}

fn cannot_read(path: &Path, error: &tokio_rustls::rustls::pki_types::pem::Error) -> String {
    use tokio_rustls::rustls::pki_types::pem::Error;
    match error {
        Error::Io(error) if error.kind() == io::ErrorKind::NotFound => format!("{} is not there", path.display()),
        Error::Io(error) => format!("{} cannot be read: {error}", path.display()),
        Error::NoItemsFound => format!("{} holds no key", path.display()),
        error => format!("{} is no PEM file: {error:?}", path.display()),
    }
}

impl Dial for Tls {
    fn dial(&self) -> Dialling {
        let (tcp, name, connector) = (self.tcp.dial(), self.name.clone(), self.connector.clone());
        Box::pin(async move {
            let stream = connector.connect(name, tcp.await?).await.map_err(explained)?;
            Ok(Box::new(stream) as Box<dyn Wire>)
        })
    }
}

/// What a failed handshake means.
fn explained(error: io::Error) -> io::Error {
    let text = match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::InvalidMessage(_)) => "it does not speak TLS".to_owned(),
        Some(Error::InvalidCertificate(reason)) => format!("its certificate is not accepted: {reason}"),
        Some(Error::AlertReceived(alert)) => format!("it does not accept our certificate: {alert:?}"),
        _ => return error,
    };
    io::Error::other(text)
}
