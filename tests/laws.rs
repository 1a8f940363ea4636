//! The laws of the house that can be read off the source: who may name whom, and what is carried.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use stacklint::rule::{Config, Preset, registry};
use stacklint::rules::peers;
use stacklint::stack::LabelKind;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All source files below `src`, by their path there, without their test modules.
fn sources() -> Vec<(String, String)> {
    fn collect(dir: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root().join("src")).unwrap().to_string_lossy().replace('\\', "/");
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
                found.push((name, code));
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join("src"), &mut found);
    found.sort();
    found
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_start).filter(|l| !l.starts_with("//"))
}

#[test]
fn a_module_imports_only_what_stands_before_it() {
    // what each floor may name of the crate; a floor missing here may name everything
    let floors: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("source.rs", &[][..]),
        ("text.rs", &["source"][..]),
        ("few.rs", &[][..]),
        ("files/", &["source", "files"][..]),
        ("diagnostic.rs", &["source"][..]),
        ("syntax/", &["source", "text", "few", "syntax"][..]),
        ("quoting/", &["source", "text", "few", "syntax", "quoting"][..]),
        ("compose/", &["source", "text", "word_set", "files", "syntax", "compose"][..]),
        ("stack/", &["source", "text", "word_set", "few", "files", "syntax", "compose", "quoting", "stack", "par"][..]),
        ("rules/", &["source", "text", "word_set", "files", "syntax", "compose", "quoting", "stack", "diagnostic", "rule", "rules"][..]),
        ("report/", &["source", "diagnostic", "report", "files"][..]),
        ("trace/", &["source", "text", "files", "syntax", "compose", "quoting", "stack", "report", "trace"][..]),
        ("plan/", &["source", "text", "files", "syntax", "compose", "quoting", "stack", "plan", "par"][..]),
    ]);
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let Some((_, allowed)) = floors.iter().find(|(floor, _)| name.starts_with(**floor)) else { continue };
        for line in code_lines(&text) {
            for part in line.split("crate::").skip(1) {
                let module: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                if !module.is_empty() && !allowed.contains(&module.as_str()) {
                    wrong.push(format!("src/{name} names `{module}`: {line}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_library_is_named_in_one_place() {
    let places: [(&str, &[&str]); 13] = [
        ("granit_parser", &["syntax/yaml/"]),
        ("shuck_parser", &["syntax/shell/"]),
        ("shuck_ast", &["syntax/shell/"]),
        ("miette", &["report/terminal.rs", "report/excerpt.rs"]),
        ("bollard", &["execute/"]),
        ("tokio", &["execute/"]),
        ("tonic", &["execute/buildkit/"]),
        ("bollard_buildkit_proto", &["execute/buildkit/"]),
        ("clap", &["cli/"]),
        ("walkdir", &["discover.rs"]),
        ("lsp_server", &["lsp/"]),
        ("gix_odb", &["files/git.rs"]),
        ("gix_object", &["files/git.rs"]),
    ];
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        for (library, allowed) in places {
            let named = code_lines(&text).any(|l| l.contains(&format!("{library}::")) || l.starts_with(&format!("use {library}")));
            if named && !allowed.iter().any(|a| name.starts_with(a)) {
                wrong.push(format!("src/{name} names {library}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_edges_touch_the_world() {
    let mut allowed =
        vec!["discover.rs", "files/disk.rs", "files/git.rs", "files/git/", "files/remembered.rs", "cli/", "execute/", "main.rs"];
    // a test, which reads fixtures and asks bash
    allowed.push("syntax/shell/quick/agreement.rs");
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let touches = code_lines(&text).any(|l| {
            l.contains("std::fs")
                || l.contains("std::env::")
                || l.contains("std::process::Command")
                || l.contains("std::net::Tcp")
                || l.contains("std::net::Udp")
        });
        if touches && !allowed.iter().any(|a| name.starts_with(a)) {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "these read the disk or the environment: {wrong:?}");
}

/// `rules/not-carried.yaml`: groups of peers' ids with the reason why no rule of ours carries them.
#[derive(serde::Deserialize, serde::Serialize)]
struct Group {
    reason: String,
    ids: Vec<String>,
}

#[test]
fn every_rule_of_a_peer_is_carried_or_has_its_reason() {
    let path = root().join("rules/not-carried.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut groups: Vec<Group> = serde_yaml::from_str(&text).unwrap();
    let carried: BTreeSet<&str> = registry().rules().iter().flat_map(|r| r.aliases.iter().copied()).collect();
    let known: BTreeSet<&str> = peers::all().into_iter().map(|(_, id)| id).collect();
    let listed: BTreeSet<&str> = groups.iter().flat_map(|g| g.ids.iter().map(String::as_str)).collect();
    let both: Vec<_> = listed.intersection(&carried).copied().collect();
    let neither: Vec<_> = known.iter().filter(|id| !carried.contains(**id) && !listed.contains(**id)).copied().collect();
    let strangers: Vec<_> = listed.difference(&known).copied().collect();
    if std::env::var_os("UPDATE").is_some() && !(both.is_empty() && neither.is_empty() && strangers.is_empty()) {
        let neither: Vec<String> = neither.into_iter().map(str::to_owned).collect();
        let gone: BTreeSet<String> = both.into_iter().chain(strangers).map(str::to_owned).collect();
        groups.iter_mut().for_each(|g| g.ids.retain(|id| !gone.contains(id)));
        if let Some(last) = groups.last_mut() {
            last.ids.extend(neither);
            last.ids.sort();
        }
        let head: String = text.lines().take_while(|l| l.starts_with('#')).map(|l| format!("{l}\n")).collect();
        std::fs::write(&path, head + &serde_yaml::to_string(&groups).unwrap()).unwrap();
        return;
    }
    assert!(both.is_empty(), "carried, and listed as not carried: {both:?}");
    assert!(neither.is_empty(), "neither carried nor listed: {neither:?}");
    assert!(strangers.is_empty(), "listed, but no peer has them: {strangers:?}");
}

#[test]
fn the_table_of_rules_is_the_registry() {
    let path = root().join("docs/rules.md");
    let head = "# The rules\n\nWritten by `UPDATE=1 cargo test`; each name leads to the rule's page. Any name in the last column is understood wherever a\n\
                rule can be named.\n\n";
    let printed = std::process::Command::new(env!("CARGO_BIN_EXE_stacklint")).args(["rules", "--format", "markdown"]).output().unwrap();
    let table = String::from_utf8(printed.stdout).unwrap();
    let wanted = head.to_owned() + &local_links(&table);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), wanted, "UPDATE=1 cargo test rewrites docs/rules.md");
}

/// Links to pages in the same checkout instead of the web.
fn local_links(table: &str) -> String {
    let mut out = String::new();
    for part in table.split_inclusive("](") {
        match part.find("/rules/") {
            Some(at) if part.starts_with("https://") => out.push_str(&format!("..{}", &part[at..])),
            _ => out.push_str(part),
        }
    }
    out
}

/// The strings among the values of a schema's `enum`.
fn words(schema: &serde_json::Value) -> Vec<&str> {
    schema["enum"].as_array().unwrap().iter().filter_map(|v| v.as_str()).collect()
}

#[test]
fn the_schema_of_the_configuration_is_what_the_reader_takes() {
    let text = std::fs::read_to_string(root().join("docs/stacklint.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.keys().map(String::as_str).collect::<Vec<_>>(), Config::KEYS);
    for (key, value) in properties {
        assert!(value["description"].is_string(), "{key}");
    }
    assert_eq!(words(&properties["preset"]), Preset::ALL.map(Preset::name));
    assert_eq!(words(&properties["label-schema"]["additionalProperties"]), LabelKind::ALL.map(|(word, _)| word));
    for (key, schema) in [("fail-on", &properties["fail-on"]), ("severity", &properties["severity"]["additionalProperties"])] {
        for word in words(schema) {
            let text = if key == "fail-on" { format!("fail-on: {word}\n") } else { format!("severity: {{links: {word}}}\n") };
            assert!(Config::parse(".stacklint.yaml", &text).is_ok(), "{text}");
        }
        assert_eq!(words(schema).iter().filter(|w| stacklint::diagnostic::Severity::parse(w).is_some()).count(), 4);
    }
}
