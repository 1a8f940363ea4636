//! Files that hold secrets or people's data, told by their names.

use globset::GlobBuilder;

use crate::files::{file_name, parent};

/// What a file is, where its path says that it should not be in an image.
pub(crate) fn kind(path: &str) -> Option<&'static str> {
    let lower = path.to_lowercase();
    let name = file_name(&lower);
    if is_template(name) {
        return None;
    }
    environment(name).or_else(|| key(name)).or_else(|| credentials(&lower, name)).or_else(|| data(&lower, name))
}

fn is_template(name: &str) -> bool {
    const MARKS: [&str; 12] =
        ["example", "sample", "template", "dist", "default", "defaults", "tpl", "tmpl", "schema", "j2", "test", "testing"];
    name.split(['.', '-', '_']).any(|word| MARKS.contains(&word))
}

fn environment(name: &str) -> Option<&'static str> {
    let rest = name.strip_prefix(".env")?;
    let real = matches!(rest, "" | ".local" | ".prod" | ".production.local" | ".staging" | ".secret" | ".secrets" | ".private");
    real.then_some("settings and their secrets")
}

fn key(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 9] =
        ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "privkey.pem", "private.pem", "private.key", "private_key.pem", "privatekey.pem"];
    let public = ["pub", "public", "signing", "gpg", "apt", "release", "archive", "keyring", "repo"];
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let words = || stem.split(['.', '-', '_']);
    let by_extension = match extension {
        "pem" => words().any(|w| matches!(w, "key" | "private" | "privkey")) && !words().any(|w| public.contains(&w)),
        "key" => !words().any(|w| public.contains(&w)),
        "p12" | "pfx" | "ppk" | "kdbx" | "keystore" => true,
        _ => false,
    };
    (NAMES.contains(&name) || by_extension).then_some("a private key")
}

fn credentials(path: &str, name: &str) -> Option<&'static str> {
    const NAMES: [&str; 16] = [
        ".netrc",
        "_netrc",
        ".git-credentials",
        ".pgpass",
        ".pypirc",
        ".dockercfg",
        ".dockerconfigjson",
        "credentials.json",
        "kubeconfig",
        ".vault-token",
        ".s3cfg",
        "terraform.tfstate",
        "terraform.tfvars",
        "secrets.yml",
        "secrets.yaml",
        "secrets.json",
    ];
    const ENDS: [&str; 5] =
        [".aws/credentials", ".docker/config.json", ".kube/config", "config/master.key", "application_default_credentials.json"];
    let service_account = name.ends_with(".json")
        && ["service-account", "service_account", "serviceaccount", "client_secret", "gcp-key", "gcloud-key"]
            .iter()
            .any(|p| name.contains(p));
    let ends = ENDS.iter().any(|e| path == *e || path.strip_suffix(e).is_some_and(|rest| rest.ends_with('/')));
    (NAMES.contains(&name) || ends || service_account).then_some("credentials")
}

fn data(path: &str, name: &str) -> Option<&'static str> {
    let (stem, extension) = name.rsplit_once('.')?;
    match extension {
        "sqlite" | "sqlite3" | "mdb" => Some("a database"),
        "db" if stem != "thumbs" => Some("a database"),
        "rdb" if matches!(stem, "dump" | "redis") => Some("a database dump"),
        "dump" | "mysqldump" | "pgdump" => Some("a database dump"),
        "sql" => is_dump(path, stem).then_some("a database dump"),
        "gz" | "zip" | "bz2" | "xz" | "zst" => stem.ends_with(".sql").then_some("a database dump"),
        "bak" => [".sql", ".db", ".sqlite", ".sqlite3"].iter().any(|e| stem.ends_with(e)).then_some("a backup of a database"),
        _ => None,
    }
}

/// SQL that was taken from a database, not written for one: its folder or name says so, or it bears a date that is no
/// migration's leading number.
fn is_dump(path: &str, stem: &str) -> bool {
    let dumped = |word: &str| {
        matches!(
            word,
            "dump" | "dumps" | "backup" | "backups" | "bak" | "snapshot" | "snapshots" | "export" | "exports" | "prod" | "production"
        ) || word.ends_with("dump")
    };
    let words = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(dumped);
    let digits = stem.split(|c: char| !c.is_ascii_digit()).skip(1).any(|run| run.len() >= 6);
    words(parent(path)) || words(stem) || digits
}

/// Folders whose content is no secret of anyone: tests, examples, what others wrote.
pub(crate) fn is_innocent_folder(path: &str) -> bool {
    const FOLDERS: [&str; 26] = [
        "test",
        "tests",
        "testing",
        "testdata",
        "test_data",
        "test-data",
        "__tests__",
        "spec",
        "specs",
        "fixtures",
        "fixture",
        "mock",
        "mocks",
        "example",
        "examples",
        "sample",
        "samples",
        "demo",
        "docs",
        "doc",
        "node_modules",
        "vendor",
        "site-packages",
        "dist-packages",
        "migrations",
        ".git",
    ];
    let lower = parent(path).to_lowercase();
    lower.split('/').any(|part| FOLDERS.contains(&part) || part.starts_with("test_") || part.ends_with("_test") || part.ends_with("-test"))
}

/// A name that a glob was written for: `.en[v]` is `.env`, `.env*` takes it too. A pattern that takes anything is nobody's name.
pub(crate) fn named_by_glob(pattern: &str) -> Option<String> {
    const NAMES: [&str; 12] = [
        ".env",
        ".env.local",
        ".env.production.local",
        "id_rsa",
        "id_ed25519",
        "db.sqlite3",
        ".netrc",
        ".pgpass",
        ".git-credentials",
        "credentials.json",
        "secrets.yaml",
        "secrets.yml",
    ];
    if !pattern.contains(['*', '?', '[']) {
        return None;
    }
    let name = file_name(pattern);
    if let Some(plain) = without_classes(name) {
        let dir = parent(pattern);
        return Some(if dir == "." { plain } else { format!("{dir}/{plain}") });
    }
    let literal = name.split(['*', '?', '[']).next().unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).count();
    if literal < 3 {
        return None;
    }
    let prefix = literal_prefix(name);
    let mut names = NAMES.iter().filter(|n| n.starts_with(prefix)).peekable();
    names.peek()?;
    let glob = GlobBuilder::new(name).literal_separator(true).build().ok()?.compile_matcher();
    names.find(|n| glob.is_match(n)).map(|n| (*n).to_owned())
}

/// What all that a pattern matches begins with.
pub(crate) fn literal_prefix(pattern: &str) -> &str {
    pattern.split(['*', '?', '[', ']', '{', '}', ',', '\\']).next().unwrap_or_default()
}

/// A pattern whose classes hold one character each is a plain name that may be missing.
fn without_classes(pattern: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '*' | '?' | '\\' => return None,
            '[' => {
                plain.push(rest.next().filter(|c| !matches!(c, '^' | '!' | ']'))?);
                (rest.next() == Some(']')).then_some(())?;
            }
            c => plain.push(c),
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_files_hold() {
        for path in [
            ".env",
            "app/.env.local",
            "id_rsa",
            "certs/server.key",
            "tls/app-key.pem",
            "data/dumps/exp-03042016-1803.sql",
            "db.sqlite3",
            "backup.sql",
            "shop.sql.gz",
            "home/.aws/credentials",
            "config/master.key",
            "gcp/service-account.json",
        ] {
            assert!(kind(path).is_some(), "{path}");
        }
        for path in [
            ".env.example",
            ".env.test",
            "id_rsa.pub",
            "nginx_signing.key",
            "ca.pem",
            "init.sql",
            "db/schema.sql",
            "20160403_create_users.sql",
            "app.dbx",
            "environment.py",
            "keyboard.json",
            "docker/config.json.tmpl",
        ] {
            assert_eq!(kind(path), None, "{path}");
        }
    }

    #[test]
    fn globs_are_seen_through() {
        assert_eq!(named_by_glob(".en[v]").as_deref(), Some(".env"));
        assert_eq!(named_by_glob("conf/core.d[b]").as_deref(), Some("conf/core.db"));
        assert_eq!(named_by_glob(".env*").as_deref(), Some(".env"));
        for pattern in ["*", "package*.json", "*.py", "*.yml", ".env", ".*"] {
            assert_eq!(named_by_glob(pattern), None, "{pattern}");
        }
    }
}
