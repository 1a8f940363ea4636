//! What is a secret: names that say so, and values that cannot be anything else.

use super::tokens::token;

/// What a value is, given the name that it is stored under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing: empty, a placeholder, masked, a reference, or not under a secret's name.
    Nothing,
    /// Under a secret's name, but a word that anyone could have thought of.
    Word,
    /// Under a secret's name, and random.
    Random,
    /// Known by its form, whatever its name: what it is.
    Token(&'static str),
}

/// The words of a variable's name: `DB_PASSWORD`, `dbPassword` and `db-password` are `db`, `password`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (lower && c.is_uppercase()) {
            words.push(String::new());
        }
        lower = c.is_lowercase();
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// Words that make a name something about a secret, or the public half of one.
const ABOUT: [&str; 63] = [
    "public",
    "publishable",
    "pub",
    "anon",
    "file",
    "files",
    "path",
    "dir",
    "folder",
    "version",
    "name",
    "names",
    "id",
    "ids",
    "url",
    "uri",
    "host",
    "port",
    "header",
    "headers",
    "type",
    "length",
    "len",
    "ttl",
    "expiry",
    "expires",
    "expiration",
    "expire",
    "lifetime",
    "timeout",
    "algorithm",
    "algo",
    "policy",
    "prefix",
    "suffix",
    "enabled",
    "enable",
    "disable",
    "disabled",
    "require",
    "required",
    "allow",
    "count",
    "min",
    "max",
    "size",
    "rotation",
    "field",
    "label",
    "format",
    "mode",
    "method",
    "endpoint",
    "issuer",
    "audience",
    "empty",
    "generate",
    "hint",
    "reset",
    "arn",
    "fingerprint",
    "digest",
    "hash",
];

/// Words that turn `key` into a secret.
const KEYS: [&str; 26] = [
    "api",
    "secret",
    "private",
    "access",
    "encryption",
    "encrypt",
    "signing",
    "master",
    "app",
    "auth",
    "account",
    "session",
    "service",
    "license",
    "deploy",
    "storage",
    "admin",
    "jwt",
    "cookie",
    "crypto",
    "hmac",
    "webhook",
    "ssh",
    "shared",
    "aes",
    "vapid",
];

/// Whether a name says that its value is a secret.
pub(crate) fn secret_name(name: &str) -> bool {
    let words = words(name);
    if words.iter().any(|w| ABOUT.contains(&w.as_str())) {
        return false;
    }
    let last = words.len().saturating_sub(1);
    words.iter().enumerate().any(|(n, word)| match word.as_str() {
        "password" | "passwd" | "pword" | "passphrase" | "secret" | "secrets" | "apikey" | "credentials" | "token" => true,
        "pass" | "pwd" | "pat" => n == last && n > 0,
        "key" => {
            let before = n.checked_sub(1).and_then(|n| words.get(n));
            before.is_some_and(|b| KEYS.contains(&b.as_str())) && words.get(n + 1).is_none_or(|w| w.starts_with("base") || w == "b64")
        }
        word => {
            const ENDS: [&str; 8] = ["password", "passwd", "passphrase", "secret", "apikey", "secretkey", "privatekey", "accesskey"];
            ENDS.iter().any(|e| word.ends_with(e)) || (n == last && word.ends_with("token"))
        }
    })
}

/// Whether a name says that its value is a password, which a person thinks of.
pub(crate) fn password_name(name: &str) -> bool {
    let last = words(name).pop().unwrap_or_default();
    secret_name(name) && ["password", "passwd", "pword", "pass", "pwd", "passphrase"].iter().any(|e| last.ends_with(e))
}

/// The names that `docker build --check` takes for secrets.
pub(crate) fn buildkit_name(name: &str) -> bool {
    const SECRET: [&str; 10] = ["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"];
    let lower = name.to_lowercase();
    let has = |wanted: &[&str]| lower.split('_').any(|part| wanted.contains(&part));
    has(&SECRET) && !has(&["public", "file", "version"])
}

/// The names that hadolint takes for secrets.
pub(crate) fn hadolint_name(name: &str) -> bool {
    const PARTS: [&str; 9] = ["api_key", "client_key", "password", "private", "secret", "token", "username", "access_key", "credential"];
    let lower = name.to_lowercase();
    PARTS.iter().any(|p| lower.contains(p))
}

/// Whether a name holds one of the syllables without which it speaks of no secret, here or for another tool: a look that
/// copies nothing, since nearly all names have none.
pub(crate) fn hints_at_secret(name: &str) -> bool {
    const SYLLABLES: [&str; 11] = ["pass", "pword", "secret", "key", "credential", "token", "pwd", "pat", "private", "username", "auth"];
    let has = |syllable: &str| name.as_bytes().windows(syllable.len()).any(|w| w.eq_ignore_ascii_case(syllable.as_bytes()));
    !name.is_ascii() || SYLLABLES.into_iter().any(has)
}

/// What a value is under a name.
pub(crate) fn judge(name: &str, value: &str) -> Value {
    let token = token(value);
    if token.is_none() && !hints_at_secret(name) {
        return Value::Nothing;
    }
    if words(name).iter().any(|w| matches!(w.as_str(), "anon" | "public" | "publishable")) {
        return Value::Nothing;
    }
    if let Some(kind) = token {
        return Value::Token(kind);
    }
    if placeholder(value) || value.trim().len() < 3 || !secret_name(name) {
        return Value::Nothing;
    }
    if random(value) { Value::Random } else { Value::Word }
}

/// Values that stand for nothing yet, or for something kept elsewhere.
pub(crate) fn placeholder(value: &str) -> bool {
    const PARTS: [&str; 26] = [
        "change",
        "replace",
        "placeholder",
        "your",
        "example",
        "sample",
        "dummy",
        "insert",
        "todo",
        "fixme",
        "redacted",
        "not-a",
        "not_a",
        "notreal",
        "not-real",
        "stand-in",
        "fake",
        "to-be",
        "tobe",
        "put-",
        "put_",
        "fill",
        "foobar",
        "xxx",
        "undefined",
        "...",
    ];
    const WHOLE: [&str; 19] = [
        "true", "false", "yes", "no", "on", "off", "none", "null", "nil", "unset", "empty", "build", "ci", "tbd", "auto", "random",
        "generate", "n/a", "disabled",
    ];
    const ELSEWHERE: [&str; 13] = [
        "arn:",
        "pk_live_",
        "pk_test_",
        "sk_test_",
        "rk_test_",
        "file:",
        "vault:",
        "op://",
        "ssm:",
        "sm://",
        "secretsmanager",
        "ref+",
        "enc[",
    ];
    let lower = value.trim().trim_matches(['"', '\'']).to_lowercase();
    let masked = |c: char| matches!(c, '*' | 'x' | '.' | '-' | '_' | '#' | '?' | '•' | '…' | '0');
    let wrapped = ["<>", "[]", "{}", "%%", "__", "@@"].iter().any(|pair| {
        let mut ends = pair.chars();
        ends.next().is_some_and(|open| lower.starts_with(open)) && ends.next().is_some_and(|close| lower.ends_with(close))
    });
    lower.chars().all(masked)
        || lower.contains("***")
        || lower.contains(['$', '{'])
        || wrapped
        || lower.starts_with(['/', '~'])
        || lower.starts_with("./")
        || WHOLE.contains(&lower.as_str())
        || PARTS.iter().any(|p| lower.contains(p))
        || ELSEWHERE.iter().any(|p| lower.starts_with(p))
}

/// Whether nobody thought of a value: letters and figures without order.
fn random(value: &str) -> bool {
    let value = value.trim();
    let counted = ["123456", "abcdef"].iter().any(|run| value.to_lowercase().contains(run));
    if value.len() < 8 || counted || value.contains(char::is_whitespace) || value.contains("://") {
        return false;
    }
    let kind = |c: char| match c {
        c if c.is_ascii_digit() => 1,
        c if c.is_ascii_lowercase() => 2,
        c if c.is_ascii_uppercase() => 3,
        _ => 0,
    };
    let kinds: Vec<u8> = value.chars().map(kind).collect();
    let has = |k: u8| kinds.contains(&k);
    if !has(1) || !(has(2) || has(3)) {
        return false;
    }
    let turns = kinds.windows(2).filter(|w| matches!(w, [a, b] if a != b && *a != 0 && *b != 0 && (*a, *b) != (3, 2))).count();
    let bits = entropy(value);
    match value.len() {
        0..12 => turns >= 3 && has(2) && has(3) && bits >= 2.7,
        12..20 => turns >= 3 && bits >= 2.9,
        _ => turns >= 4 && bits >= 3.0,
    }
}

/// Bits a character.
fn entropy(text: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::new();
    for c in text.chars() {
        *counts.entry(c).or_insert(0u32) += 1;
    }
    let total = f64::from(counts.values().sum::<u32>().max(1));
    counts.values().map(|&n| f64::from(n) / total).map(|p| -p * p.log2()).sum()
}

/// Passwords that every scanner tries first. A password equal to its user's name is one too.
pub(crate) fn tried_first(user: Option<&str>, password: &str) -> bool {
    const KNOWN: [&str; 68] = [
        "password",
        "passwd",
        "pass",
        "passw0rd",
        "p@ssw0rd",
        "p@ssword",
        "pa55word",
        "password1",
        "password123",
        "secret",
        "secret123",
        "admin",
        "admin123",
        "administrator",
        "root",
        "root123",
        "toor",
        "rootpassword",
        "rootpass",
        "postgres",
        "postgresql",
        "mysql",
        "mariadb",
        "mongo",
        "mongodb",
        "redis",
        "rabbitmq",
        "rabbit",
        "guest",
        "user",
        "test",
        "test123",
        "testing",
        "example",
        "changeme",
        "change_me",
        "change-me",
        "changeit",
        "changethis",
        "default",
        "qwerty",
        "letmein",
        "welcome",
        "minioadmin",
        "minio",
        "minio123",
        "grafana",
        "elastic",
        "keycloak",
        "neo4j",
        "pgadmin",
        "demo",
        "abc123",
        "docker",
        "mysecretpassword",
        "mypassword",
        "yourpassword",
        "my-secret-pw",
        "supersecret",
        "topsecret",
        "wordpress",
        "django",
        "laravel",
        "symfony",
        "pwd",
        "dbpass",
        "dbpassword",
        "userpassword",
    ];
    let lower = password.trim().to_lowercase();
    let counted = !lower.is_empty() && ("1234567890".starts_with(&lower) || lower.len() > 2 && lower.chars().all(|c| c == '1' || c == '0'));
    KNOWN.contains(&lower.as_str()) || counted || user.is_some_and(|u| !u.is_empty() && u.eq_ignore_ascii_case(&lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_word_by_word() {
        for name in
            ["DB_PASSWORD", "dbPassword", "PGPASSWORD", "DB_PASS", "NPM_TOKEN", "API_KEY", "AWS_SECRET_ACCESS_KEY", "SSH_PRIVATE_KEY"]
        {
            assert!(secret_name(name) && hints_at_secret(name), "{name}");
        }
        for name in [
            "PASSWORD_FILE",
            "ACCESS_TOKEN_EXPIRE_MINUTES",
            "PUBLIC_KEY",
            "GPG_KEY",
            "TOKENIZERS_PARALLELISM",
            "KEYBOARD",
            "SECRET_NAME",
            "ALLOW_EMPTY_PASSWORD",
            "PWD",
            "AWS_ACCESS_KEY_ID",
            "MONKEY",
            "AUTHOR",
            "PASSENGER_VERSION",
            "COMPASS",
        ] {
            assert!(!secret_name(name), "{name}");
        }
    }

    #[test]
    fn values_are_told_from_placeholders() {
        assert_eq!(judge("SECRET_KEY", "8f3b1c9d2e7a4f60b5c8d1e2f3a4b5c6"), Value::Random);
        assert_eq!(judge("DB_PASSWORD", "Xk29fQz1"), Value::Random);
        assert_eq!(judge("DB_PASSWORD", "hunter"), Value::Word);
        assert_eq!(judge("JWT_SECRET", "my-super-secret-key"), Value::Word);
        assert_eq!(judge("COLOUR", "8f3b1c9d2e7a4f60b5c8d1e2f3a4b5c6"), Value::Nothing);
        for value in
            ["", "*****", "*****.apps.example.org", "<token>", "${TOKEN}", "changeme", "/run/secrets/x", "arn:aws:iam::1:x", "xxxx"]
        {
            assert_eq!(judge("API_TOKEN", value), Value::Nothing, "{value}");
        }
    }
}
