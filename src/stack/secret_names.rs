//! Names that say that their value is a secret.

/// The words of a variable's name: `DB_PASSWORD`, `dbPassword` and `db-password` are `db`, `password`.
pub(crate) fn words(name: &str) -> Vec<String> {
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
    secret_words(&words(name))
}

/// The same of a name's [`words`].
pub(crate) fn secret_words(words: &[String]) -> bool {
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
    // by the letter that they begin with
    const fn syllables(letter: u8) -> &'static [&'static str] {
        match letter.to_ascii_lowercase() {
            b'p' => &["pass", "pword", "pwd", "pat", "private"],
            b's' => &["secret"],
            b'k' => &["key"],
            b'c' => &["credential"],
            b't' => &["token"],
            b'u' => &["username"],
            b'a' => &["auth"],
            _ => &[],
        }
    }
    let starts = |rest: &[u8], syllable: &str| rest.get(..syllable.len()).is_some_and(|w| w.eq_ignore_ascii_case(syllable.as_bytes()));
    let bytes = name.as_bytes();
    let here = |(at, byte): (usize, &u8)| syllables(*byte).iter().any(|s| starts(bytes.get(at..).unwrap_or_default(), s));
    !name.is_ascii() || bytes.iter().enumerate().any(here)
}

/// Whether a value under this name is shown nowhere: what builders warn about, or what we would.
pub(crate) fn looks_secret(name: &str) -> bool {
    secret_name(name) || buildkit_name(name)
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
    fn what_may_be_a_secret_is_not_shown() {
        for (name, secret) in
            [("API_TOKEN", true), ("npm_token", true), ("GPG_KEY", true), ("dbPass", true), ("PUBLIC_KEY", false), ("VERSION", false)]
        {
            assert_eq!(looks_secret(name), secret, "{name}");
        }
    }
}
