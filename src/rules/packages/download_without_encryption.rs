use crate::rule::{Cx, Rule, rule};
use crate::rules::support::installs::run_of;
use crate::stack::{DockerfileUnit, ScriptUnit};
use crate::syntax::dockerfile::{Op, unquote};

rule!(DownloadWithoutEncryption, "packages/download-without-encryption");

const HELP: &str = "use https, or check what came with `sha256sum -c` or a signature";

/// Programs that compare what was fetched with what was meant.
const CHECKS: [&str; 9] = ["sha256sum", "sha512sum", "sha384sum", "sha1sum", "shasum", "gpg", "gpgv", "cosign", "minisign"];

impl Rule for DownloadWithoutEncryption {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in unit.ast.instructions() {
            let Op::Add(add) = &instruction.op else { continue };
            if instruction.flag("checksum").is_some() {
                continue;
            }
            for source in &add.sources {
                if let Some(host) = foreign_host(&unquote(source, unit.ast.escape).value) {
                    cx.report(source.span, message(host)).help("use https, or add `--checksum=sha256:…`").aliases(&[]);
                }
            }
        }
    }

    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        if run_of(cx.stack, script).is_none() {
            return;
        }
        let commands = script.script.walk();
        let checked = commands.clone().any(|(_, c)| c.effective().name().is_some_and(|n| CHECKS.contains(&n.as_ref())));
        if checked {
            return;
        }
        for (_, command) in commands {
            let effective = command.effective();
            let args = effective.args();
            let fetches = matches!(effective.name().as_deref(), Some("curl" | "wget" | "aria2c"));
            let asks = args.iter().any(|w| matches!(w.lossy().as_ref(), "--spider" | "-I" | "--head" | "-x" | "--proxy"));
            if !fetches || asks {
                continue;
            }
            for word in args {
                let text = word.lossy();
                if let Some(host) = foreign_host(&text) {
                    cx.report(word.span, message(host)).help(HELP);
                }
            }
        }
    }
}

fn message(host: &str) -> String {
    format!("anyone between here and `{host}` can put something else into the image: http proves nothing about what answers")
}

/// The host of an http address that lies outside the machine and its network.
fn foreign_host(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://")?;
    let host = rest.split(['/', '?', '#']).next()?.rsplit('@').next()?;
    let host = host.split(':').next()?;
    let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok() || !host.contains('.');
    let inner = [".local", ".internal", ".lan", ".localdomain", ".corp", ".test", ".onion"].iter().any(|end| host.ends_with(end));
    (!local && !inner && !host.contains('$')).then_some(host)
}
