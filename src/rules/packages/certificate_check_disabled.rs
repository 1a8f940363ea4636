use std::borrow::Cow;

use crate::rule::{Cx, Rule, rule};
use crate::rules::support::installs::run_of;
use crate::source::Span;
use crate::stack::{DockerfileUnit, ScriptUnit};
use crate::syntax::dockerfile::{Op, unquote};
use crate::syntax::shell::Command;

rule!(CertificateCheckDisabled, "packages/certificate-check-disabled");

const HELP: &str = "install `ca-certificates`, or copy in the certificate of the authority that signed the server's";

/// Variables that switch the check off, the values that do, and who reports them.
const VARIABLES: [(&str, &[&str], &str); 5] = [
    ("PYTHONHTTPSVERIFY", &["0"], "CKV2_DOCKER_5"),
    ("NODE_TLS_REJECT_UNAUTHORIZED", &["0"], "CKV2_DOCKER_6"),
    ("NPM_CONFIG_STRICT_SSL", &["false"], "CKV2_DOCKER_12"),
    ("GIT_SSL_NO_VERIFY", &["1", "true", "yes"], "CKV2_DOCKER_14"),
    ("PIP_TRUSTED_HOST", &[], "CKV2_DOCKER_16"),
];

/// No name in [`VARIABLES`] has fewer bytes.
const SHORTEST_NAME: usize = "PIP_TRUSTED_HOST".len();

impl Rule for CertificateCheckDisabled {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in unit.ast.instructions() {
            let (Op::Env(pairs) | Op::Arg(pairs)) = &instruction.op else { continue };
            // with quotes a key is only longer
            for pair in pairs.iter().filter(|p| p.key.len() >= SHORTEST_NAME) {
                let name = unquote(&pair.key, unit.ast.escape).value;
                let value = pair.value.as_ref().map(|v| unquote(v, unit.ast.escape).value).unwrap_or_default();
                variable(&name, &value, pair.span, cx);
            }
        }
    }

    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        if run_of(cx.stack, script).is_none() {
            return;
        }
        for (_, command) in script.script.walk() {
            for assign in &command.assigns {
                if let Some(value) = assign.value.as_ref().and_then(|v| v.literal()) {
                    variable(&assign.name, &value, assign.span, cx);
                }
            }
            if command.name().as_deref() == Some("export") {
                for word in command.args() {
                    if let Some((name, value)) = word.literal().as_deref().and_then(|t| t.split_once('=')) {
                        variable(name, value, word.span, cx);
                    }
                }
            }
            if let Some((span, program, alias)) = option(command) {
                let aliases: Vec<&'static str> = alias.into_iter().collect();
                cx.report(span, format!("`{program}` takes whatever anyone on the way answers: the server's certificate is not checked"))
                    .help(HELP)
                    .aliases(&aliases);
            }
        }
    }
}

fn variable(name: &str, value: &str, span: Span, cx: &mut Cx<'_>) {
    let Some((_, values, alias)) = VARIABLES.iter().find(|(n, _, _)| n.eq_ignore_ascii_case(name)) else { return };
    let off = if values.is_empty() { !value.is_empty() } else { values.iter().any(|v| v.eq_ignore_ascii_case(value)) };
    if off {
        cx.report(span, format!("with `{name}` certificates are not checked: whoever is on the way answers in the server's place"))
            .help(HELP)
            .aliases(&[*alias]);
    }
}

fn option(command: &Command) -> Option<(Span, String, Option<&'static str>)> {
    let effective = command.effective();
    let name = effective.name()?;
    let words = || effective.args().iter().map(|w| (w.lossy(), w.span));
    let of_itself = || words().any(|(w, _)| ["localhost", "127.0.0.1", "[::1]"].iter().any(|h| w.contains(h)));
    let flag = |short: &str, long: &str| effective.flag(short, long).map(|w| w.span);
    let (span, alias) = match name.as_ref() {
        "curl" if !of_itself() => (flag("-k", "--insecure")?, Some("CKV2_DOCKER_2")),
        "wget" if !of_itself() => (flag("", "--no-check-certificate")?, Some("CKV2_DOCKER_3")),
        "pip" | "pip3" | "pip2" => (flag("", "--trusted-host")?, Some("CKV2_DOCKER_4")),
        "python" | "python3" if words().any(|(w, _)| w == "pip") => (flag("", "--trusted-host")?, Some("CKV2_DOCKER_4")),
        "npm" | "yarn" => (setting(words(), "strict-ssl", "false")?, Some("CKV2_DOCKER_13")),
        "yum-config-manager" => {
            (words().find(|(w, _)| w.contains("sslverify=false") || w.contains("sslverify=0"))?.1, Some("CKV2_DOCKER_15"))
        }
        "git" => (setting(words(), "http.sslverify", "false")?, None),
        _ => return None,
    };
    Some((span, name.into_owned(), alias))
}

/// `config set key value`, `key=value`.
fn setting<'a>(words: impl Iterator<Item = (Cow<'a, str>, Span)>, key: &str, value: &str) -> Option<Span> {
    let words: Vec<_> = words.collect();
    let whole = format!("{key}={value}");
    words.iter().enumerate().find_map(|(n, (word, span))| {
        let lower = word.trim_start_matches("--").to_lowercase();
        let next = words.get(n + 1).filter(|(w, _)| lower == key && w.eq_ignore_ascii_case(value));
        (lower == whole).then_some(*span).or_else(|| next.map(|(_, end)| span.to(*end)))
    })
}
