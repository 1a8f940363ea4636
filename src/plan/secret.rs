//! Names whose values are never shown.

/// Whether a variable of this name is likely to hold a secret, by the words that builders warn about.
pub fn looks_secret(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "apikey",
        "auth",
        "credential",
        "credentials",
        "key",
        "pass",
        "password",
        "passphrase",
        "passwd",
        "pword",
        "pat",
        "secret",
        "secrets",
        "token",
    ];
    const HARMLESS: [&str; 3] = ["public", "file", "version"];
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    words.iter().any(|word| WORDS.contains(word)) && !words.iter().any(|word| HARMLESS.contains(word))
}

#[cfg(test)]
mod tests {
    use super::looks_secret;

    #[test]
    fn names_are_judged_word_by_word() {
        for (name, secret) in [
            ("API_TOKEN", true),
            ("npm_token", true),
            ("KEYBOARD", false),
            ("PUBLIC_KEY", false),
            ("DB_PASSWORD", true),
            ("VERSION", false),
        ] {
            assert_eq!(looks_secret(name), secret, "{name}");
        }
    }
}
