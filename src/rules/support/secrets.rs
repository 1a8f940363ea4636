//! What is a secret: names that say so, and values that cannot be anything else.

use super::tokens::token;
pub(crate) use crate::stack::secret_names::{buildkit_name, hadolint_name, hints_at_secret, password_name, secret_name};
use crate::stack::secret_names::{secret_words, words};
use crate::word_set::WordSet;

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

/// What a value is under a name.
pub(crate) fn judge(name: &str, value: &str) -> Value {
    let token = token(value);
    if token.is_none() && !hints_at_secret(name) {
        return Value::Nothing;
    }
    let words = words(name);
    if words.iter().any(|w| matches!(w.as_str(), "anon" | "public" | "publishable")) {
        return Value::Nothing;
    }
    if let Some(kind) = token {
        return Value::Token(kind);
    }
    if !secret_words(&words) || placeholder(value) || value.trim().len() < 3 {
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
    static KNOWN: WordSet<256> = WordSet::of(&[
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
    ]);
    let lower = password.trim().to_lowercase();
    let counted = !lower.is_empty() && ("1234567890".starts_with(&lower) || lower.len() > 2 && lower.chars().all(|c| c == '1' || c == '0'));
    KNOWN.contains(&lower) || counted || user.is_some_and(|u| !u.is_empty() && u.eq_ignore_ascii_case(&lower))
}

#[cfg(test)]
mod tests {
    use super::*;

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
