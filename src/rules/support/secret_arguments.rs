//! Secrets among the words of commands: options that take a password, headers, logins in URLs, tokens.

use super::secrets::{Value, judge, password_name, placeholder, tried_first};
use super::tokens::{SHORTEST_TOKEN, token, url_login};
use crate::source::Span;
use crate::syntax::shell::{Command, Effective, Programs, Script, Word};

/// A secret in a command.
pub(crate) struct Argument {
    /// What it is: `the password of curl -u`.
    pub what: String,
    /// Where.
    pub span: Span,
    /// How surely it is one.
    pub value: Value,
    /// It is a word that everyone tries, which needs no hiding.
    pub well_known: bool,
    /// It sets the password of a user of the image.
    pub sets_password: bool,
}

/// All secrets in a script, nested shells included.
pub(crate) fn of(script: &Script) -> Vec<Argument> {
    let mut found: Vec<Argument> = Vec::new();
    let mut own: Vec<Argument> = Vec::new();
    let mut before: Option<&Command> = None;
    for (_, command) in script.walk() {
        if command.may_start(TAKERS) {
            options(&command.effective(), &mut own);
        }
        assignments(command, &mut own);
        own.extend(before.and_then(|before| piped_password(before, command)));
        before = Some(command);
        words(command, &mut own);
        if own.is_empty() {
            continue;
        }
        for argument in own.drain(..) {
            if !found
                .iter()
                .any(|f| f.span.file == argument.span.file && f.span.start < argument.span.end && argument.span.start < f.span.end)
            {
                found.push(argument);
            }
        }
    }
    found
}

fn argument(what: impl FnOnce() -> String, text: &str, span: Span) -> Option<Argument> {
    let text = text.trim();
    if placeholder(text) || text.contains('`') {
        return None;
    }
    let value = match judge("password", text) {
        Value::Nothing => return None,
        value => value,
    };
    Some(Argument { what: what(), span, value, well_known: tried_first(None, text), sets_password: false })
}

/// Tokens by their form, and logins in URLs.
fn words(command: &Command, found: &mut Vec<Argument>) {
    let short = |text: &str| text.len() < SHORTEST_TOKEN && !text.as_bytes().contains(&b'@');
    for word in &command.words {
        // nearly all words, seen before anything is put together
        if matches!(word.pieces.as_slice(), [piece] if piece.literal().is_some_and(short)) {
            continue;
        }
        let text = word.lossy();
        if short(&text) {
            continue;
        }
        if let Some(kind) = token(&text) {
            found.push(Argument {
                what: kind.to_owned(),
                span: word.span,
                value: Value::Token(kind),
                well_known: false,
                sets_password: false,
            });
            continue;
        }
        let Some(login) = url_login(&text).filter(|l| !is_local(&l.host) && !l.password.is_empty()) else { continue };
        let span = word.text().span_of(login.range.0, login.range.1);
        found.extend(argument(|| format!("the password in the URL of `{}`", login.host), &login.password, span));
    }
    for redirect in &command.redirects {
        let Some((body, kind)) = redirect.heredoc.as_ref().and_then(|b| Some((b, token(&b.text)?))) else { continue };
        found.push(Argument { what: kind.to_owned(), span: body.span, value: Value::Token(kind), well_known: false, sets_password: false });
    }
}

fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0")
        || host.starts_with("example.")
        || host.ends_with(".example.com")
        || host.ends_with(".example.org")
}

/// The programs whose options are known to take a secret.
const TAKERS: Programs = Programs::of(&[
    "curl",
    "wget",
    "http",
    "docker",
    "podman",
    "nerdctl",
    "buildah",
    "skopeo",
    "crane",
    "oras",
    "helm",
    "az",
    "heroku",
    "mysql",
    "mysqldump",
    "mysqladmin",
    "mariadb",
    "mariadb-dump",
    "mariadb-admin",
    "sshpass",
    "redis-cli",
    "redis-server",
    "valkey-server",
    "mongo",
    "mongosh",
    "mongodump",
    "mongorestore",
    "svn",
    "twine",
    "lftp",
    "aws",
]);

fn options(command: &Effective<'_>, found: &mut Vec<Argument>) {
    let Some(name) = command.name() else { return };
    let mut take = |what: &dyn Fn() -> String, value: Option<(String, Span)>| {
        found.extend(value.and_then(|(text, span)| argument(what, &text, span)));
    };
    let operand_is = |n: usize, text: &str| command.operands(&[]).get(n).is_some_and(|w| w.lossy() == text);
    match name.as_ref() {
        "curl" => {
            for (long, short) in [("--user", "-u"), ("--proxy-user", "-U")] {
                take(
                    &|| format!("the password of `{name} {short}`"),
                    command.option(long, short).and_then(|(login, span)| after_colon(&login, span)),
                );
            }
        }
        "wget" => {
            for long in ["--password", "--http-password", "--ftp-password", "--proxy-password"] {
                take(&|| format!("the password of `{name} {long}`"), command.option(long, ""));
            }
        }
        "docker" | "podman" | "nerdctl" | "buildah" | "skopeo" | "crane" | "oras" | "helm" | "az" | "heroku"
            if command.operands(&[]).iter().any(|o| o.lossy() == "login") =>
        {
            take(&|| format!("the password of `{name} login`"), command.option("--password", "-p"));
        }
        "mysql" | "mysqldump" | "mysqladmin" | "mariadb" | "mariadb-dump" | "mariadb-admin" => {
            let attached =
                command.args().iter().find_map(|w| Some((w.lossy().strip_prefix("-p").filter(|p| !p.is_empty())?.to_owned(), w.span)));
            let long = command.args().iter().find_map(|w| Some((w.lossy().strip_prefix("--password=")?.to_owned(), w.span)));
            take(&|| format!("the password of `{name}`"), attached.or(long));
        }
        "sshpass" => take(&|| "the password of `sshpass`".to_owned(), command.option("", "-p")),
        "redis-cli" => take(&|| "the password of `redis-cli`".to_owned(), command.option("--pass", "-a")),
        "redis-server" | "valkey-server" => take(&|| format!("the password of `{name}`"), command.option("--requirepass", "")),
        "mongo" | "mongosh" | "mongodump" | "mongorestore" | "svn" | "twine" | "lftp" => {
            take(&|| format!("the password of `{name}`"), command.option("--password", if name == "svn" { "" } else { "-p" }));
        }
        "aws" if operand_is(0, "configure") && operand_is(2, "aws_secret_access_key") => {
            let word = command.operands(&[]).get(3).map(|w| (w.lossy().into_owned(), w.span));
            take(&|| "the key of `aws configure set`".to_owned(), word);
        }
        _ => {}
    }
    if matches!(name.as_ref(), "curl" | "wget" | "http") {
        for (text, span) in command.options("--header", if name == "curl" { "-H" } else { "" }) {
            found.extend(header(&text).and_then(|secret| argument(|| "the login in this header".to_owned(), secret, span)));
        }
    }
}

fn after_colon(login: &str, span: Span) -> Option<(String, Span)> {
    let (_, password) = login.split_once(':')?;
    (!password.is_empty()).then(|| (password.to_owned(), span))
}

/// The secret part of `Authorization: Bearer x`, `PRIVATE-TOKEN: x` …
fn header(text: &str) -> Option<&str> {
    let (name, value) = text.split_once(':')?;
    let value = value.trim();
    match name.trim().to_lowercase().as_str() {
        "authorization" | "proxy-authorization" => Some(value.split_once(' ').map_or(value, |(_, secret)| secret.trim())),
        "private-token" | "x-api-key" | "api-key" | "x-auth-token" | "x-jfrog-art-api" | "job-token" => Some(value),
        _ => None,
    }
}

/// `PGPASSWORD=x psql`, `export TOKEN=x`.
fn assignments(command: &Command, found: &mut Vec<Argument>) {
    const EXPORTS: Programs = Programs::of(&["export", "declare", "readonly", "set"]);
    let exports = command.may_start(EXPORTS) && matches!(command.name().as_deref(), Some("export" | "declare" | "readonly" | "set"));
    let mut take = |name: &str, text: &str, span: Span| {
        let value = judge(name, text);
        // a key or a token that opens something is random; a word is there for a program that does not start without one
        let stands_in = value == Value::Word && !exports && !command.words.is_empty() && !password_name(name);
        if value != Value::Nothing && !stands_in && !text.contains('`') {
            found.push(Argument {
                what: format!("the value of `{name}`"),
                span,
                value,
                well_known: tried_first(None, text),
                sets_password: false,
            });
        }
    };
    for assign in &command.assigns {
        let Some((text, value)) = assign.value.as_ref().and_then(|w| Some((w.literal()?, w))) else { continue };
        take(&assign.name, &text, value.span);
    }
    let effective = command.effective();
    // nearly all commands set nothing, by themselves or through `env`
    if command.assigns.is_empty() && !exports && effective.words.len() == command.words.len() {
        return;
    }
    let args = command.args().iter().filter(|_| exports).chain(effective.environment());
    for word in args {
        if let Some((name, text)) = word.literal().as_deref().and_then(|t| t.split_once('=')) {
            take(name, text, word.text().span_of(name.len() + 1, name.len() + 1 + text.len()));
        }
    }
}

/// `echo root:x | chpasswd`, `echo x | passwd --stdin root`.
fn piped_password(before: &Command, command: &Command) -> Option<Argument> {
    if !command.may_start(const { Programs::of(&["chpasswd", "passwd"]) }) {
        return None;
    }
    let effective = command.effective();
    let name = effective.name()?;
    let feeds = command.place.pipe_index > 0 && matches!(before.name().as_deref(), Some("echo" | "printf"));
    let reads = name == "chpasswd" && !effective.has_flag("-e", "--encrypted") || name == "passwd" && effective.has_flag("", "--stdin");
    let word: &Word = before.args().iter().rfind(|w| !w.lossy().starts_with('-')).filter(|_| feeds && reads)?;
    let text = word.lossy();
    let (user, password) = if name == "chpasswd" { text.split_once(':')? } else { ("", text.as_ref()) };
    if password.contains(['$', '`', '%']) || password.trim().is_empty() || user.contains('$') {
        return None;
    }
    let whose = if user.is_empty() { "a user".to_owned() } else { format!("`{}`", user.trim()) };
    Some(Argument {
        what: format!("the password of {whose}"),
        span: word.span,
        value: Value::Random,
        well_known: tried_first(Some(user), password.trim()),
        sets_password: true,
    })
}
