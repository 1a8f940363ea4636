//! A connection through ssh: on the other side, Docker's own client joins its standard input and output to the engine.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::dial::{Dial, Dialling, Wire};

/// How much of what ssh says is kept.
const SAID: u64 = 4096;

/// A host that is reached by ssh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ssh {
    args: Vec<String>,
}

impl Ssh {
    /// Reads `[user@]host[:port][/path/of/the/socket]`.
    pub(super) fn new(address: &str) -> Result<Ssh, String> {
        let (place, socket) = match address.split_once('/') {
            Some((place, socket)) => (place, Some(socket).filter(|socket| !socket.is_empty())),
            None => (address, None),
        };
        let (user, place) = place.rsplit_once('@').map_or((None, place), |(user, place)| (Some(user), place));
        if user.is_some_and(|user| user.contains(':')) {
            return Err("a password has no place in the address; ssh asks for it, or takes a key".to_owned());
        }
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
            _ => (place, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || host.starts_with('-') || user.is_some_and(|user| user.starts_with('-')) {
            return Err("it names no host".to_owned());
        }
        let mut args: Vec<&str> = vec!["-o", "ConnectTimeout=30", "-T"];
        args.extend(user.into_iter().flat_map(|user| ["-l", user]));
        args.extend(port.into_iter().flat_map(|port| ["-p", port]));
        args.extend(["--", host, "docker"]);
        let socket = socket.map(|socket| format!("unix:///{socket}"));
        args.extend(socket.iter().flat_map(|socket| ["--host", socket.as_str()]));
        args.extend(["system", "dial-stdio"]);
        Ok(Ssh { args: args.into_iter().map(str::to_owned).collect() })
    }
}

impl Dial for Ssh {
    fn dial(&self) -> Dialling {
        let mut command = Command::new("ssh");
        command.args(&self.args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // What stops the run from the keyboard must not stop ssh before the engine has been told.
        #[cfg(unix)]
        command.process_group(0);
        Box::pin(async move {
            let mut child = command.spawn().map_err(|error| io::Error::other(format!("ssh cannot be started: {error}")))?;
            let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
                return Err(io::Error::other("ssh has no input or output"));
            };
            let said = tokio::spawn(async move {
                let mut text = Vec::new();
                let mut errors = errors;
                let _ = (&mut errors).take(SAID).read_to_end(&mut text).await;
                // The rest is taken, so that ssh does not wait for somebody to read it.
                let _ = tokio::io::copy(&mut errors, &mut tokio::io::sink()).await;
                String::from_utf8_lossy(&text).trim().to_owned()
            });
            Ok(Box::new(Pipes { _child: child, input, output, said: Some(said), spoken: false }) as Box<dyn Wire>)
        })
    }
}

/// The pipes of an ssh process, which ends with them.
struct Pipes {
    _child: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// What ssh prints on standard error, once it has ended.
    said: Option<JoinHandle<String>>,
    /// The other side has sent something.
    spoken: bool,
}

impl AsyncRead for Pipes {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.output).poll_read(cx, buffer);
        if !matches!(polled, Poll::Ready(Ok(()))) {
            return polled;
        }
        if buffer.filled().len() > before {
            self.spoken = true;
            return polled;
        }
        // It ended before the engine said anything: ssh knows why.
        if self.spoken {
            return polled;
        }
        let Some(said) = self.said.as_mut() else { return polled };
        match Pin::new(said).poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(text) => {
                self.said = None;
                let text = text.unwrap_or_default();
                let last = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
                Poll::Ready(Err(io::Error::other(if last.is_empty() {
                    "ssh ends without a word".to_owned()
                } else {
                    format!("ssh says: {last}")
                })))
            }
        }
    }
}

impl AsyncWrite for Pipes {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.input).poll_write(cx, bytes) {
            // ssh has ended: why is told to whoever reads.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe && !self.spoken => Poll::Ready(Ok(bytes.len())),
            other => other,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_a_command() {
        let of = |address: &str| Ssh::new(address).map(|ssh| ssh.args.join(" "));
        let start = "-o ConnectTimeout=30 -T";
        assert_eq!(of("build"), Ok(format!("{start} -- build docker system dial-stdio")));
        assert_eq!(of("me@build:2222"), Ok(format!("{start} -l me -p 2222 -- build docker system dial-stdio")));
        assert_eq!(of("[fe80::1]:22"), Ok(format!("{start} -p 22 -- fe80::1 docker system dial-stdio")));
        assert_eq!(
            of("b/run/user/1000/docker.sock"),
            Ok(format!("{start} -- b docker --host unix:///run/user/1000/docker.sock system dial-stdio"))
        );
        for wrong in ["", "-oProxyCommand=x", "me:secret@host", "-l@host"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
