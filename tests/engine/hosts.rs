//! The ways to an engine: sockets, TLS, ssh, contexts; and what is said where a way leads nowhere.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::docker::{Ran, engine, image};
use crate::programs;

/// A Dockerfile that every engine of these tests can build.
const DOCKERFILE: &str = "FROM python:3.12-slim\nRUN echo built > /built\n";

fn run(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stacklint"));
    for name in ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"] {
        command.env_remove(name);
    }
    command.args(["plan", "Dockerfile", "--execute", "--allow-findings", "--progress=plain"]).args(args);
    Ran::new(&command.envs(env.iter().copied()).env("DOCKER_CONFIG", dir).current_dir(dir).output().unwrap())
}

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("Dockerfile"), DOCKERFILE).unwrap();
    dir
}

fn script(path: &Path, text: &str) {
    programs::write(path, text);
}

/// The PATH with a folder before everything else.
fn path_with(dir: &Path) -> String {
    format!("{}:{}", dir.display(), std::env::var("PATH").unwrap())
}

fn openssl(dir: &Path, args: &[&str]) {
    let output = Command::new("openssl").args(args).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A certificate authority, and one certificate of it for both ends.
fn certificates(dir: &Path) {
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    openssl(dir, &[&["req", "-x509", "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2"], &curve[..]].concat());
    openssl(dir, &[&["req", "-keyout", "key.pem", "-out", "own.csr", "-subj", "/CN=own"], &curve[..]].concat());
    fs::write(dir.join("ext"), "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n").unwrap();
    let sign =
        ["x509", "-req", "-in", "own.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-out", "cert.pem", "-days", "2"];
    openssl(dir, &[&sign[..], &["-extfile", "ext"]].concat());
}

/// Stands before the engine and speaks TLS, with whoever has a certificate of the same authority. Gives its port.
fn tls_before_the_engine(certs: &Path) -> u16 {
    let pem = |name: &str| certs.join(name);
    let own: Vec<_> = CertificateDer::pem_file_iter(pem("cert.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(pem("key.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(pem("ca.pem")).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let config = ServerConfig::builder().with_client_cert_verifier(verifier).with_single_cert(own, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (told, port) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            told.send(listener.local_addr().unwrap().port()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut outside) = acceptor.accept(stream).await else { return };
                    let mut inside = tokio::net::UnixStream::connect("/var/run/docker.sock").await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
    });
    port.recv().unwrap()
}

fn context(config: &Path, name: &str, host: &str) {
    let meta = config.join("contexts/meta/1234");
    fs::create_dir_all(&meta).unwrap();
    let text = serde_json::json!({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": false}}});
    fs::write(meta.join("meta.json"), text.to_string()).unwrap();
}

#[test]
fn an_engine_is_reached_through_tls() {
    let Some(_docker) = engine() else { return };
    let dir = folder();
    let certs = tempfile::tempdir().unwrap();
    certificates(certs.path());
    let port = tls_before_the_engine(certs.path());
    let host = format!("tcp://127.0.0.1:{port}");
    let path = certs.path().to_str().unwrap();
    let tls = [("DOCKER_HOST", host.as_str()), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", path)];
    let ran = run(dir.path(), &["--tag", "stacklint-test/tls"], &tls);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(image("stacklint-test/tls").is_some());

    // A context brings its certificates along.
    context(dir.path(), "far", &host);
    let own = dir.path().join("contexts/tls/1234/docker");
    fs::create_dir_all(&own).unwrap();
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        fs::copy(certs.path().join(file), own.join(file)).unwrap();
    }
    fs::write(dir.path().join("config.json"), r#"{"currentContext": "far"}"#).unwrap();
    let ran = run(dir.path(), &["--tag", "stacklint-test/tls:context"], &[]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(image("stacklint-test/tls:context").is_some());

    // Certificates of somebody else.
    let others = tempfile::tempdir().unwrap();
    certificates(others.path());
    let path = others.path().to_str().unwrap();
    let ran = run(dir.path(), &[], &[("DOCKER_HOST", &host), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", path)]);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.err.contains("its certificate is not accepted") && ran.err.contains("the certificates must be those of this engine"),
        "{}",
        ran.err
    );
}

#[test]
fn an_engine_is_reached_through_ssh() {
    let Some(_docker) = engine() else { return };
    let dir = folder();
    let bin = tempfile::tempdir().unwrap();
    // What ssh would start over there runs here.
    let asked = bin.path().join("asked");
    script(
        &bin.path().join("ssh"),
        &format!(
            "#!/bin/sh\necho \"$*\" >> {}\nwhile [ \"$1\" != docker ]; do shift; done\nunset DOCKER_HOST\nexec \"$@\"\n",
            asked.display()
        ),
    );
    let path = path_with(bin.path());
    let env = [("DOCKER_HOST", "ssh://me@build.example.com:2222"), ("PATH", path.as_str())];
    let ran = run(dir.path(), &["--tag", "stacklint-test/ssh"], &env);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(image("stacklint-test/ssh").is_some());
    let asked = fs::read_to_string(asked).unwrap();
    let wanted = "-o ConnectTimeout=30 -T -l me -p 2222 -- build.example.com docker system dial-stdio";
    assert!(asked.lines().all(|line| line == wanted) && !asked.is_empty(), "{asked}");
}

/// OpenSSH's server on loopback, which lets one key in.
struct Sshd {
    child: std::process::Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts it, and writes an `ssh` into `bin` that knows its key; `None` with a word to the reader where it is not installed.
fn sshd(bin: &Path) -> Option<Sshd> {
    let (server, user) = ("/usr/sbin/sshd", std::env::var("USER").unwrap_or_else(|_| "root".to_owned()));
    if !Path::new(server).exists() || !Path::new("/usr/bin/ssh").exists() {
        eprintln!("skipped: openssh-server is not installed");
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    for key in ["host", "own"] {
        assert!(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &at(key)]).status().unwrap().success());
    }
    let _ = fs::create_dir_all("/run/sshd");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nPidFile none\nUsePAM no\nPermitRootLogin yes\n",
        at("host"),
        at("own.pub")
    );
    fs::write(at("config"), config).unwrap();
    let quiet = std::process::Stdio::null;
    let child = Command::new(server).args(["-D", "-e", "-f", &at("config")]).stderr(quiet()).stdout(quiet()).spawn().unwrap();
    let sshd = Sshd { child, port, _dir: dir };
    let begun = std::time::Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if begun.elapsed() > std::time::Duration::from_secs(10) {
            eprintln!("skipped: sshd does not come up for {user}");
            return None;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let options = "-F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
    script(&bin.join("ssh"), &format!("#!/bin/sh\nexec /usr/bin/ssh {options} -i {} \"$@\"\n", sshd._dir.path().join("own").display()));
    Some(sshd)
}

#[test]
fn an_engine_is_reached_through_opensshs_own_server() {
    let Some(_docker) = engine() else { return };
    let (dir, bin) = (folder(), tempfile::tempdir().unwrap());
    let Some(sshd) = sshd(bin.path()) else { return };
    let (host, path) = (format!("ssh://127.0.0.1:{}", sshd.port), path_with(bin.path()));
    for builder in ["--builder=buildkit", "--builder=classic"] {
        let tag = format!("stacklint-test/sshd:{}", &builder[10..]);
        let ran = run(dir.path(), &[builder, "--tag", &tag], &[("DOCKER_HOST", &host), ("PATH", &path)]);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        assert!(image(&tag).is_some());
    }
    // A server that goes away, or lets nobody in.
    let port = sshd.port;
    drop(sshd);
    let ran = run(dir.path(), &[], &[("DOCKER_HOST", &host), ("PATH", &path)]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(
        ran.err.contains("Connection refused") && ran.err.contains(&format!("`ssh -p {port} 127.0.0.1 docker version`")),
        "{}",
        ran.err
    );
}

#[test]
fn what_ssh_says_is_told() {
    let dir = folder();
    let bin = tempfile::tempdir().unwrap();
    script(&bin.path().join("ssh"), "#!/bin/sh\necho 'me@build.example.com: Permission denied (publickey).' >&2\nexit 255\n");
    let path = path_with(bin.path());
    let ran = run(dir.path(), &[], &[("DOCKER_HOST", "ssh://me@build.example.com"), ("PATH", &path)]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.err.contains("ssh says: me@build.example.com: Permission denied (publickey)."), "{}", ran.err);
    assert!(ran.err.contains("this must work: `ssh me@build.example.com docker version`"), "{}", ran.err);
    let empty = tempfile::tempdir().unwrap();
    let ran = run(dir.path(), &[], &[("DOCKER_HOST", "ssh://build"), ("PATH", empty.path().to_str().unwrap())]);
    assert!(ran.status == Some(2) && ran.err.contains("ssh cannot be started"), "{}", ran.err);
    let ran = run(dir.path(), &[], &[("DOCKER_HOST", "ssh://me:secret@build")]);
    assert!(ran.status == Some(2) && ran.err.contains("a password has no place"), "{}", ran.err);
}

#[test]
fn a_way_that_leads_nowhere_is_told_with_who_chose_it() {
    let dir = folder();
    let path = |name: &str| format!("unix://{}", dir.path().join(name).display());
    drop(std::os::unix::net::UnixListener::bind(dir.path().join("stale.sock")).unwrap());
    for (host, reason) in [
        (path("gone.sock"), "there is no such socket"),
        (path("stale.sock"), "nobody listens there"),
        ("tcp://127.0.0.1:1".to_owned(), "nobody listens there"),
        ("nonsense".to_owned(), "no address of an engine"),
        ("fd://x".to_owned(), "no address of an engine"),
        ("https://127.0.0.1:1".to_owned(), "TLS needs certificates"),
        ("tcp://no-such-host.invalid:2375".to_owned(), "lookup"),
    ] {
        let ran = run(dir.path(), &[], &[("DOCKER_HOST", &host)]);
        assert_eq!(ran.status, Some(2), "{ran:?}");
        assert!(ran.err.contains(reason) && ran.err.contains(&host) && ran.err.contains("DOCKER_HOST"), "{host}: {}", ran.err);
    }
    context(dir.path(), "gone", &path("gone.sock"));
    let ran = run(dir.path(), &[], &[("DOCKER_CONTEXT", "gone")]);
    assert!(ran.status == Some(2) && ran.err.contains("(the Docker context `gone`): there is no such socket"), "{}", ran.err);
    let ran = run(dir.path(), &[], &[("DOCKER_CONTEXT", "gnoe")]);
    assert!(
        ran.status == Some(2)
            && ran.err.contains("DOCKER_CONTEXT names the Docker context `gnoe`, which is not there; did you mean `gone`?"),
        "{}",
        ran.err
    );
}

#[test]
fn a_socket_of_others_is_told_with_the_group() {
    // Root may use every socket.
    let user = Command::new("id").arg("-u").output().unwrap();
    if user.stdout == b"0\n" && Command::new("setpriv").arg("--version").output().is_err() {
        eprintln!("skipped: runs as root, and there is no setpriv to become somebody else");
        return;
    }
    let dir = folder();
    let socket = dir.path().join("closed.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let binary = dir.path().join("stacklint");
    programs::copy(Path::new(env!("CARGO_BIN_EXE_stacklint")), &binary);
    let arguments = ["plan", "Dockerfile", "--execute", "--allow-findings"];
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&binary)
        .args(arguments)
        .env("DOCKER_HOST", format!("unix://{}", socket.display()))
        .env("DOCKER_CONFIG", dir.path())
        .current_dir(dir.path())
        .output()
        .unwrap();
    let ran = Ran::new(&output);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.err.contains("your user may not use it") && ran.err.contains("sudo usermod -aG docker"), "{}", ran.err);
}

#[test]
fn certificates_that_are_missing_or_no_certificates_are_told_by_name() {
    let dir = folder();
    let certs = tempfile::tempdir().unwrap();
    let env = [("DOCKER_HOST", "tcp://127.0.0.1:1"), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", certs.path().to_str().unwrap())];
    let ran = run(dir.path(), &[], &env);
    assert_eq!(ran.status, Some(2));
    let ca = certs.path().join("ca.pem");
    assert!(ran.err.contains(&format!("DOCKER_HOST asks for TLS: {} is not there", ca.display())), "{}", ran.err);
    assert!(ran.err.contains("DOCKER_CERT_PATH names the folder with ca.pem, cert.pem and key.pem"), "{}", ran.err);
    fs::write(&ca, "no certificate\n").unwrap();
    let ran = run(dir.path(), &[], &env);
    assert!(ran.status == Some(2) && ran.err.contains("ca.pem holds no certificate"), "{}", ran.err);
    certificates(certs.path());
    fs::write(certs.path().join("key.pem"), "").unwrap();
    let ran = run(dir.path(), &[], &env);
    assert!(ran.status == Some(2) && ran.err.contains("key.pem holds no key"), "{}", ran.err);
}

/// Answers every connection with the same bytes.
fn answers_with(bytes: &'static [u8]) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 2048]);
            let _ = stream.write_all(bytes);
        }
    });
    port
}

#[test]
fn encryption_on_one_side_only_is_told() {
    let dir = folder();
    let refusal = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    let host = format!("tcp://127.0.0.1:{}", answers_with(refusal));
    let ran = run(dir.path(), &[], &[("DOCKER_HOST", &host)]);
    assert!(ran.status == Some(2) && ran.err.contains("it speaks TLS only") && ran.err.contains("set DOCKER_TLS_VERIFY=1"), "{}", ran.err);
    let certs = tempfile::tempdir().unwrap();
    certificates(certs.path());
    let host = format!("tcp://127.0.0.1:{}", answers_with(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let path = certs.path().to_str().unwrap();
    let ran = run(dir.path(), &[], &[("DOCKER_HOST", &host), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", path)]);
    assert!(ran.status == Some(2) && ran.err.contains("it does not speak TLS"), "{}", ran.err);
}
