//! RUN.

use std::collections::BTreeMap;

use super::state::State;
use super::{Fact, Place, Recipe, Selection, StepKind, Topic, Walk, Work};
use crate::compose;
use crate::files;
use crate::syntax::dockerfile::{Form, Mount, RunOp};

impl Walk<'_> {
    pub(super) fn run_step(&mut self, place: Place<'_>, run: &RunOp, state: &mut State, work: &mut Work) {
        let mut needs = state.heads.clone();
        let mut facts = vec![place.fact(Topic::Kind, "", "run")];
        let shell = command(place, run, state, &mut facts);
        if let (true, Some((_, span))) = (shell, &state.shell)
            && let Some(fact) = facts.iter_mut().find(|fact| fact.topic == Topic::Shell)
        {
            fact.span = *span;
        }
        let set = |topic, set: &super::state::Set| Fact {
            topic,
            name: String::new(),
            value: set.value.clone(),
            span: set.span.unwrap_or(place.span()),
        };
        facts.push(set(Topic::Folder, &state.workdir));
        facts.push(set(Topic::User, &state.user));
        facts.extend(state.env.facts(place.span()));
        facts.push(place.fact(Topic::Platform, "", state.platform.clone()));
        self.circumstances(place, &mut facts);
        let mounts: Vec<Wanted> = run.mounts.iter().map(|mount| self.mount(mount, state)).collect();
        let mut inputs = Vec::new();
        for mount in sorted(&mounts) {
            facts.push(place.fact(mount.topic, mount.target.clone(), mount.text.clone()));
            let Some(source) = mount.source.clone() else { continue };
            match &mount.from {
                Some(from) => {
                    let named = self.named_source(from, place.stage);
                    inputs.extend(self.other(named, vec![source], &mut needs, work));
                }
                None => inputs.push(self.own_context(vec![source])),
            }
        }
        let recipe = Recipe { root: state.root.clone(), facts, inputs, no_cache: self.no_cache(place.stage) };
        self.step_on(place, StepKind::Run, recipe, needs, state, work);
    }

    /// What the build is told and every RUN sees.
    fn circumstances(&self, place: Place<'_>, facts: &mut Vec<Fact>) {
        let settings = &self.build.settings;
        let own = place.instruction.flag("network").and_then(|flag| flag.value.as_deref()).filter(|network| *network != "default");
        let network = own.or(settings.network.as_deref()).filter(|network| *network != "default").unwrap_or_default();
        facts.push(place.fact(Topic::Network, "", network));
        let insecure = place.instruction.flag("security").and_then(|flag| flag.value.as_deref()) == Some("insecure");
        facts.push(place.fact(Topic::Security, "", insecure.to_string()));
        let devices = place.instruction.flags.iter().filter(|flag| flag.name.value == "device");
        facts.extend(devices.filter_map(|flag| flag.value.as_ref()).map(|value| place.fact(Topic::Device, "", value.value.clone())));
        let hostname = self.build.args.get("BUILDKIT_SANDBOX_HOSTNAME").filter(|name| !name.is_empty());
        facts.extend(hostname.map(|name| place.fact(Topic::Hostname, "", name)));
        let hosts = settings.extra_hosts.iter().map(|host| host.split_once(':').map_or(host.as_str(), |(name, _)| name));
        facts.extend(hosts.map(|name| place.fact(Topic::Host, "", name)));
        facts.extend(settings.ulimits.iter().map(|(name, soft, hard)| place.fact(Topic::Ulimit, name, format!("{soft}:{hard}"))));
        facts.extend(settings.shm_size.map(|bytes| place.fact(Topic::SharedMemory, "", bytes.to_string())));
    }

    fn mount(&self, mount: &Mount, state: &State) -> Wanted {
        let fields = Fields::read(mount, &|word| self.word(word, &state.env));
        let read_only = fields.read_only();
        let target = fields.get("target");
        let full = if target.starts_with('/') { target.to_owned() } else { files::join(&format!("/{}", state.workdir.value), target) };
        let from = fields.from.clone();
        let source = || Selection::path(fields.get("source"));
        match fields.kind.as_str() {
            "secret" => Wanted { topic: Topic::Secret, target: String::new(), text: fields.secret(), from: None, source: None },
            "ssh" => Wanted { topic: Topic::Ssh, target: String::new(), text: fields.ssh(), from: None, source: None },
            "tmpfs" => {
                let size = compose::bytes(fields.get("size")).map_or_else(|| fields.get("size").to_owned(), |bytes| bytes.to_string());
                Wanted { topic: Topic::Mount, target: full, text: format!("tmpfs\0{size}\0{read_only}"), from: None, source: None }
            }
            "cache" => {
                let family = self.build.args.get("BUILDKIT_CACHE_MOUNT_NS").map_or("", String::as_str);
                let text = format!("cache\0{}\0{}\0{read_only}", fields.cache(family, target, &full), fields.owner_of_cache());
                let source = from.is_some().then(source);
                Wanted { topic: Topic::Mount, target: full, text, from, source }
            }
            kind => {
                let text = format!("{kind}\0{read_only}");
                Wanted { topic: Topic::Mount, target: full, text, from, source: Some(source()) }
            }
        }
    }
}

/// The command as a process is given it; whether a shell runs it.
fn command(place: Place<'_>, run: &RunOp, state: &State, facts: &mut Vec<Fact>) -> bool {
    if let Form::Exec(words) = &run.form {
        // What a shell form makes of itself is the same to the builder as these words.
        let words: Vec<&str> = words.iter().map(|word| word.value.as_str()).collect();
        let (last, shell) = words.split_last().map_or(("", &[][..]), |(last, rest)| (*last, rest));
        facts.push(place.fact(Topic::Shell, "", shell.join("\0")));
        facts.push(place.fact(Topic::Command, "", last));
        return false;
    }
    let default = if state.platform.starts_with("windows") { vec!["cmd", "/S", "/C"] } else { vec!["/bin/sh", "-c"] };
    let shell = state.shell.as_ref().map_or_else(|| default.join("\0"), |(words, _)| words.join("\0"));
    facts.push(place.fact(Topic::Shell, "", shell));
    let text = place.instruction.args().first().copied().unwrap_or_default();
    match place.instruction.heredocs.as_slice() {
        [one, ..] if run.heredoc_script && one.content.starts_with("#!") => {
            facts.push(place.fact(Topic::Command, "", format!("/dev/pipes/{}", one.name)));
            facts.push(place.fact(Topic::Heredoc, one.name.clone(), one.content.clone()));
        }
        [one, ..] if run.heredoc_script => facts.push(place.fact(Topic::Command, "", one.content.clone())),
        heredocs => {
            let bodies: String = heredocs.iter().map(|heredoc| format!("\n{}{}", heredoc.content, heredoc.name)).collect();
            facts.push(place.fact(Topic::Command, "", format!("{text}{bodies}")));
        }
    }
    true
}

/// A mount of a RUN.
struct Wanted {
    topic: Topic,
    target: String,
    text: String,
    from: Option<String>,
    source: Option<Selection>,
}

/// Mounts count in the order of their targets, secrets and sockets after them in the order of the file.
fn sorted(mounts: &[Wanted]) -> Vec<&Wanted> {
    let of = |topic: Topic| mounts.iter().filter(move |mount| mount.topic == topic);
    let mut all: Vec<&Wanted> = of(Topic::Mount).collect();
    all.sort_by(|a, b| a.target.cmp(&b.target));
    all.extend(of(Topic::Secret));
    all.extend(of(Topic::Ssh));
    all
}

/// The fields of a mount, variables replaced.
struct Fields {
    kind: String,
    from: Option<String>,
    values: BTreeMap<String, String>,
    /// What the last of `readonly` and `readwrite` says.
    read_only: Option<bool>,
}

impl Fields {
    fn read(mount: &Mount, word: &dyn Fn(&str) -> String) -> Fields {
        let mut fields = Fields { kind: "bind".to_owned(), from: None, values: BTreeMap::new(), read_only: None };
        for (key, value) in &mount.fields {
            let value = if key == "from" { value.value.clone() } else { word(value) };
            match key.as_str() {
                "type" => fields.kind = value.to_lowercase(),
                "from" => fields.from = Some(value),
                "readonly" => fields.read_only = Some(truth(&value)),
                "readwrite" => fields.read_only = Some(!truth(&value)),
                _ => drop(fields.values.insert(key.clone(), value)),
            }
        }
        fields
    }

    fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }

    fn read_only(&self) -> bool {
        self.read_only.unwrap_or(!matches!(self.kind.as_str(), "cache" | "tmpfs"))
    }

    /// Owner and mode, where one of them is given; what is not has a default.
    fn owner(&self, mode: &str) -> Option<String> {
        let given = |key: &str| self.values.get(key).map(String::as_str);
        [given("uid"), given("gid"), given("mode")].iter().any(Option::is_some).then(|| {
            let mode = given("mode").unwrap_or(mode);
            let mode = u32::from_str_radix(mode, 8).map_or_else(|_| mode.to_owned(), |bits| format!("{bits:o}"));
            format!("{} {} {mode}", given("uid").unwrap_or("0"), given("gid").unwrap_or("0"))
        })
    }

    /// Which cache, as far as it counts: only one that is named after its own target does. All others are alike.
    fn cache(&self, family: &str, target: &str, full: &str) -> String {
        let id = match self.get("id") {
            "" => files::normalize(target),
            id => id.to_owned(),
        };
        let name = format!("{family}/{id}");
        let after_target = name == full || name.split_once('/').is_some_and(|(_, rest)| rest == full);
        let shared = matches!(self.get("sharing").to_lowercase().as_str(), "" | "shared");
        if after_target && shared { name } else { String::new() }
    }

    /// The folder that an empty cache begins with, where its owner or mode is given.
    fn owner_of_cache(&self) -> String {
        let whole = matches!(files::normalize(&format!("/{}", self.get("source"))).as_str(), "/");
        self.owner("755").filter(|_| whole).unwrap_or_default()
    }

    fn required(&self) -> bool {
        self.values.get("required").is_some_and(|value| truth(value))
    }

    fn secret(&self) -> String {
        let target = self.get("target");
        let id = match (self.get("source"), self.get("id")) {
            ("", "") => files::file_name(target),
            ("", id) => id,
            (source, _) => source,
        };
        let file = match (target, self.values.contains_key("env")) {
            ("", true) => String::new(),
            ("", false) => format!("/run/secrets/{}", files::file_name(id)),
            (target, _) => target.to_owned(),
        };
        let owner = self.owner("400").unwrap_or_else(|| "0 0 400".to_owned());
        format!("{id}\0{file}\0{:?}\0{owner}\0{}", self.values.get("env"), self.required())
    }

    fn ssh(&self) -> String {
        let owner = self.owner("600").unwrap_or_else(|| "0 0 600".to_owned());
        format!("{}\0{}\0{owner}\0{}", self.get("id"), self.get("target"), self.required())
    }
}

fn truth(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
}
