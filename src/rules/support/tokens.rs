//! Secrets that are known by their form: tokens, private keys, logins in URLs.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Forms of tokens: what it is, how it begins, how many characters follow at least.
const TOKENS: [(&str, &str, usize); 33] = [
    ("an AWS access key", "AKIA", 16),
    ("an AWS access key", "ASIA", 16),
    ("a GitHub token", "ghp_", 30),
    ("a GitHub token", "gho_", 30),
    ("a GitHub token", "ghu_", 30),
    ("a GitHub token", "ghs_", 30),
    ("a GitHub token", "ghr_", 30),
    ("a GitHub token", "github_pat_", 22),
    ("a GitLab token", "glpat-", 20),
    ("a GitLab token", "gldt-", 20),
    ("a GitLab token", "glptt-", 20),
    ("a Slack token", "xoxb-", 20),
    ("a Slack token", "xoxp-", 20),
    ("a Slack token", "xoxa-", 20),
    ("a Slack token", "xapp-", 20),
    ("a Stripe key", "sk_live_", 16),
    ("a Stripe key", "rk_live_", 16),
    ("an Anthropic key", "sk-ant-", 20),
    ("an OpenAI key", "sk-proj-", 20),
    ("an API key", "sk-", 32),
    ("a Google API key", "AIza", 35),
    ("a Google OAuth secret", "GOCSPX-", 20),
    ("a Google access token", "ya29.", 30),
    ("a SendGrid key", "SG.", 40),
    ("an npm token", "npm_", 36),
    ("a PyPI token", "pypi-AgE", 40),
    ("a Docker Hub token", "dckr_pat_", 20),
    ("a Vault token", "hvs.", 20),
    ("a DigitalOcean token", "dop_v1_", 40),
    ("a Shopify token", "shpat_", 30),
    ("a Grafana token", "glsa_", 30),
    ("a Hugging Face token", "hf_", 30),
    ("an age key", "AGE-SECRET-KEY-1", 40),
];

/// No token of a known form has fewer bytes. Nearly all words and values are shorter, and need no closer look.
pub(crate) const SHORTEST_TOKEN: usize = 20;

/// What a text holds if it holds a token of a known form.
pub(crate) fn token(text: &str) -> Option<&'static str> {
    if text.len() < SHORTEST_TOKEN {
        return None;
    }
    static BEGIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("-----BEGIN"));
    if text.contains(' ') && BEGIN.find(text.as_bytes()).is_some() && text.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    webhook(text).or_else(|| words(text).find_map(word_token))
}

/// Every text is asked for these, and nearly none has one: the letters that few texts have are looked for first.
fn webhook(text: &str) -> Option<&'static str> {
    static COM: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(".com/"));
    COM.find(text.as_bytes())?;
    [("hooks.slack.com/services/T", "a Slack webhook"), ("discord.com/api/webhooks/", "a Discord webhook")].into_iter().find_map(
        |(host, kind)| {
            let (_, path) = text.split_once(host)?;
            path.rsplit('/').next().is_some_and(|last| last.len() >= 20 && !made_up(last)).then_some(kind)
        },
    )
}

/// The characters of tokens: many texts are gone through for them.
const IN_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut rest = table.as_mut_slice();
    let mut byte = 0_u8;
    while let [slot, more @ ..] = rest {
        *slot = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        byte = byte.wrapping_add(1);
        rest = more;
    }
    table
};

/// The words of a text that are long enough for a token, and start like one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let in_word = |b: &u8| IN_WORD.get(usize::from(*b)).copied().unwrap_or_default();
    let starts = |word: &&[u8]| word.first_chunk().is_some_and(|head| STARTS & start(*head) != 0);
    let bytes = text.as_bytes();
    let mut at = 0;
    let long = std::iter::from_fn(move || {
        // what stands before the last other character is too short: most characters need no look
        while let Some(other) = bytes.get(at..at + SHORTEST_TOKEN)?.iter().rposition(|b| !in_word(b)) {
            at += other + 1;
        }
        let rest = bytes.get(at..)?;
        let len = rest.iter().position(|b| !in_word(b)).unwrap_or(rest.len());
        at += len;
        rest.get(..len)
    });
    long.filter(starts).filter_map(|word| std::str::from_utf8(word).ok())
}

/// Whether the random part of a token was typed by somebody who needed an example.
fn made_up(rest: &str) -> bool {
    let lower = rest.to_lowercase();
    let distinct: std::collections::BTreeSet<char> = lower.chars().collect();
    distinct.len() < 7 || ["example", "xxxx", "your", "12345678", "abcdef", "test", "dummy"].iter().any(|p| lower.contains(p))
}

/// How tokens begin, signed ones included, as bits that beginnings may share.
const STARTS: u128 = {
    let mut starts = start(*b"eyJ");
    let mut tokens: &[(&str, &str, usize)] = &TOKENS;
    while let [(_, prefix, _), rest @ ..] = tokens {
        if let [a, b, c, ..] = prefix.as_bytes() {
            starts |= start([*a, *b, *c]);
        }
        tokens = rest;
    }
    starts
};

const fn start(head: [u8; 3]) -> u128 {
    let [a, b, c] = head;
    let letters = (a as u32) << 16 | (b as u32) << 8 | c as u32;
    1 << (letters.wrapping_mul(0x9E37_79B9) >> 25)
}

fn word_token(word: &str) -> Option<&'static str> {
    for (kind, prefix, least) in TOKENS {
        let Some(rest) = word.strip_prefix(prefix) else { continue };
        let upper = prefix.len() == 4 && prefix.ends_with("IA");
        let fits =
            rest.len() >= least && (!upper || rest.len() == 16 && rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()));
        let mixed = rest.chars().any(|c| c.is_ascii_digit()) && rest.chars().any(|c| c.is_ascii_alphabetic());
        if fits && mixed && !made_up(rest) {
            return Some(kind);
        }
    }
    let mut parts = word.split('.');
    let jwt = parts.next().is_some_and(|p| p.starts_with("eyJ") && p.len() > 12)
        && parts.next().is_some_and(|p| p.starts_with("eyJ") && p.len() > 12)
        && parts.next().is_some_and(|p| p.len() > 20 && !made_up(p));
    jwt.then_some("a signed token")
}

/// `user:password@` of a URL, by its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UrlLogin {
    /// The user.
    pub user: String,
    /// The password; empty where there is none.
    pub password: String,
    /// Where the login starts and ends in the text, without `@`.
    pub range: (usize, usize),
    /// The host.
    pub host: String,
}

/// The login in a URL somewhere in a text.
pub(crate) fn url_login(text: &str) -> Option<UrlLogin> {
    // without `@` there is none, and that is told at once
    memchr::memchr(b'@', text.as_bytes())?;
    let start = text.find("://")? + 3;
    let rest = text.get(start..)?;
    let authority = rest.get(..rest.find(['/', '?', '#', ' ', '"', '\'', '\n', ',', '<', '>', ')']).unwrap_or(rest.len()))?;
    let (login, host) = authority.rsplit_once('@')?;
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    Some(UrlLogin {
        user: user.to_owned(),
        password: password.to_owned(),
        range: (start, start + login.len()),
        host: host.split(':').next().unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_is_shorter_than_the_shortest() {
        assert!(TOKENS.iter().all(|(_, prefix, least)| prefix.len() + least >= SHORTEST_TOKEN));
        assert!(TOKENS.iter().all(|(_, prefix, _)| prefix.len() >= 3), "three letters are looked at first");
    }

    #[test]
    fn words_that_are_long_enough_are_found() {
        let twenty = "ghp_56789012345678901";
        let text = format!("ghp_short {twenty} {twenty}/x/{twenty}=ä{twenty}");
        assert_eq!(words(&text).collect::<Vec<_>>(), [twenty; 4]);
        assert_eq!(words(&text.replace("ghp_", "abc_")).count(), 0);
        assert_eq!(words("").count(), 0);
    }

    #[test]
    fn tokens_are_known_by_their_form() {
        let github = format!("ghp_{}", "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z5A");
        assert_eq!(token(&github), Some("a GitHub token"));
        assert_eq!(token(&format!("Bearer {github}")), Some("a GitHub token"));
        assert_eq!(token("ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), None);
        assert_eq!(token(concat!("AKIA", "IOSFODNN7EXAMPLE")), None);
        assert_eq!(token(concat!("-----BEGIN RSA ", "PRIVATE KEY-----\nMII")), Some("a private key"));
        assert_eq!(token("pk_live_51Habc"), None);
    }

    #[test]
    fn logins_are_found_in_urls() {
        let found = url_login("amqp://guest:gu3st@mq:5672/").unwrap();
        assert_eq!((found.user.as_str(), found.password.as_str(), found.host.as_str()), ("guest", "gu3st", "mq"));
        assert_eq!(found.range, (7, 18));
        assert_eq!(url_login("http://mq:5672/a@b"), None);
    }
}
