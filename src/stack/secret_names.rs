//! Names that say that their value is a secret.

use crate::word_set::WordSet;

/// The words of a variable's name: `DB_PASSWORD`, `dbPassword` and `db-password` are `db`, `password`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut add = |from: usize, to: usize| {
        let word = name.get(from..to).unwrap_or_default();
        if !word.is_empty() {
            words.push(if word.is_ascii() { word.to_ascii_lowercase() } else { word.chars().flat_map(char::to_lowercase).collect() });
        }
    };
    let (mut start, mut lower) = (0, false);
    for (at, c) in name.char_indices() {
        if !c.is_alphanumeric() {
            add(start, at);
            start = at + c.len_utf8();
        } else if lower && c.is_uppercase() {
            add(start, at);
            start = at;
        }
        lower = c.is_lowercase();
    }
    add(start, name.len());
    words
}

/// Words that make a name something about a secret, or the public half of one.
static ABOUT: WordSet<128> = WordSet::of(&[
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
]);

/// Words that turn `key` into a secret.
static KEYS: WordSet<64> = WordSet::of(&[
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
]);

/// Whether a name says that its value is a secret.
pub(crate) fn secret_name(name: &str) -> bool {
    secret_words(&words(name))
}

/// The same of a name's [`words`].
pub(crate) fn secret_words(words: &[String]) -> bool {
    if words.iter().any(|w| ABOUT.contains(w)) {
        return false;
    }
    let last = words.len().saturating_sub(1);
    words.iter().enumerate().any(|(n, word)| match word.as_str() {
        "password" | "passwd" | "pword" | "passphrase" | "secret" | "secrets" | "apikey" | "credentials" | "token" => true,
        "pass" | "pwd" | "pat" => n == last && n > 0,
        "key" => {
            let before = n.checked_sub(1).and_then(|n| words.get(n));
            before.is_some_and(|b| KEYS.contains(b)) && words.get(n + 1).is_none_or(|w| w.starts_with("base") || w == "b64")
        }
        word => {
            const ENDS: [&str; 8] = ["password", "passwd", "passphrase", "secret", "apikey", "secretkey", "privatekey", "accesskey"];
            ENDS.iter().any(|e| word.ends_with(e)) || (n == last && word.ends_with("token"))
        }
    })
}

/// Whether a name says that its value is a password, which a person thinks of.
pub(crate) fn password_name(name: &str) -> bool {
    let words = words(name);
    let ends = |last: &String| ["password", "passwd", "pword", "pass", "pwd", "passphrase"].iter().any(|e| last.ends_with(e));
    words.last().is_some_and(ends) && secret_words(&words)
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
    const SYLLABLES: [&str; 11] = ["pass", "pword", "pwd", "pat", "private", "secret", "key", "credential", "token", "username", "auth"];
    let starts = |rest: &[u8], syllable: &str| rest.get(..syllable.len()).is_some_and(|w| w.eq_ignore_ascii_case(syllable.as_bytes()));
    let bytes = name.as_bytes();
    // the first two letters, in lower case, say of nearly all places that none of them begins there
    let may_start = |a: u8, b: u8| match a | 0x20 {
        b'p' => matches!(b | 0x20, b'a' | b'w' | b'r'),
        b's' | b'k' => b | 0x20 == b'e',
        b'c' => b | 0x20 == b'r',
        b't' => b | 0x20 == b'o',
        b'u' => b | 0x20 == b's',
        b'a' => b | 0x20 == b'u',
        _ => false,
    };
    let here = |(at, pair): (usize, &[u8])| {
        matches!(pair, [a, b] if may_start(*a, *b)) && SYLLABLES.iter().any(|s| starts(bytes.get(at..).unwrap_or_default(), s))
    };
    !name.is_ascii() || bytes.windows(2).enumerate().any(here)
}

/// Whether a value under this name is shown nowhere: what builders warn about, or what we would.
pub(crate) fn looks_secret(name: &str) -> bool {
    secret_name(name) || buildkit_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_ends_where_another_begins() {
        for (name, wanted) in [
            ("dbPassWord2", &["db", "pass", "word2"][..]),
            ("__A-b.C", &["a", "b", "c"]),
            ("APIKey", &["apikey"]),
            ("ÄrgerÜber", &["ärger", "über"]),
            ("", &[]),
        ] {
            assert_eq!(words(name), wanted, "{name}");
        }
    }

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
    fn what_may_be_a_secret_is_not_shown() {
        for (name, secret) in
            [("API_TOKEN", true), ("npm_token", true), ("GPG_KEY", true), ("dbPass", true), ("PUBLIC_KEY", false), ("VERSION", false)]
        {
            assert_eq!(looks_secret(name), secret, "{name}");
        }
    }
}
