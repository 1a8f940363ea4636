use crate::diagnostic::{Applicability, Edit};
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::caches::{self, Filled, Kind};
use crate::rules::support::dependencies::Tool;
use crate::rules::support::packages::Manager;
use crate::stack::{DockerfileUnit, Lookup};
use crate::syntax::dockerfile::{Instruction, Op, RunOp};
use crate::syntax::shell::Command;

rule!(PackageCacheInLayer, "cache/package-cache-in-layer");

impl Rule for PackageCacheInLayer {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let shipped: Vec<usize> = unit.final_stages(cx.stack).into_iter().flat_map(|f| unit.chain(f)).collect();
        let mut keeps_debs = false;
        for (item, instruction) in unit.ast.instructions() {
            let (instruction, later) = onbuild(instruction);
            let Op::Run(run) = &instruction.op else { continue };
            let Some(script) = unit.script(item) else { continue };
            let commands: Vec<&Command> = script.walk().map(|(_, c)| c).collect();
            keeps_debs |= commands.iter().any(|c| c.words.iter().any(|w| w.lossy().contains("docker-clean")));
            let stage = unit.ast.stage_of(item);
            let ships = later || stage.is_none_or(|s| shipped.contains(&s) || shipped.is_empty());
            let mut said: Vec<Kind> = Vec::new();
            for (n, command) in commands.iter().enumerate() {
                let Some(filled) = caches::filled(command) else { continue };
                let rest = commands.get(n + 1..).unwrap_or_default();
                let kept = !filled.told_not_to
                    && !said.contains(&filled.kind)
                    && (ships || says_always(filled.kind))
                    && !switched_off(unit, stage, item, &filled, commands.get(..=n).unwrap_or_default())
                    && !mounted(unit, stage, item, run, &filled, keeps_debs)
                    && !rest.iter().any(|c| caches::empties(c, filled.kind, &filled.program));
                if kept {
                    said.push(filled.kind);
                    report(cx, command, &filled);
                }
            }
        }
    }
}

fn onbuild(instruction: &Instruction) -> (&Instruction, bool) {
    match &instruction.op {
        Op::Onbuild(inner) => (inner, true),
        _ => (instruction, false),
    }
}

/// Lists and yarn's cache matter in what ships; the others are as easily not written at all.
fn says_always(kind: Kind) -> bool {
    matches!(kind, Kind::System(_) | Kind::Language(Tool::Pip))
}

fn switched_off(unit: &DockerfileUnit, stage: Option<usize>, item: usize, filled: &Filled, commands: &[&Command]) -> bool {
    let Kind::Language(tool) = filled.kind else { return false };
    let (_, switch) = caches::variables(tool);
    let here = commands.iter().enumerate().rev().find_map(|(n, command)| {
        let own = n + 1 == commands.len() || command.words.is_empty();
        let assigned = command.assigns.iter().filter(|_| own).find(|a| a.name == switch).map(|a| a.value.as_ref().map(|v| v.lossy()));
        let exported = || {
            let export = command.name().as_deref() == Some("export");
            let words = command.effective();
            let words = words.environment().into_iter().chain(command.args().iter().filter(|_| export));
            words.map(|w| w.lossy()).find_map(|w| w.strip_prefix(switch)?.strip_prefix('=').map(|v| Some(v.to_owned().into())))
        };
        assigned.or_else(exported).flatten()
    });
    // before the first stage there is no image yet; an ENV there counts as the author means it
    let before = || match stage {
        Some(stage) => match unit.lookup(stage, item, switch) {
            Lookup::Known(value) => Some(value.into()),
            _ => None,
        },
        None => unit.ast.instructions().take_while(|(n, _)| *n < item).find_map(|(_, i)| match &i.op {
            Op::Env(pairs) => pairs.iter().find(|p| p.key.value == switch).and_then(|p| p.value.as_ref().map(|v| v.value.clone().into())),
            _ => None,
        }),
    };
    !switch.is_empty() && here.or_else(before).is_some_and(|v| caches::is_true(&v))
}

fn mounted(unit: &DockerfileUnit, stage: Option<usize>, item: usize, run: &RunOp, filled: &Filled, keeps_debs: bool) -> bool {
    let targets: Vec<String> = run
        .mounts
        .iter()
        .filter(|m| matches!(m.kind.as_str(), "cache" | "tmpfs"))
        .filter_map(|m| m.get("target"))
        .map(|t| stage.and_then(|s| unit.expand_at(s, item, t)).unwrap_or_else(|| t.value.clone()))
        .collect();
    let on = |kind: Kind| targets.iter().any(|t| caches::is_cache(kind, t));
    match filled.kind {
        // where the hook that removes the packages is gone, their folder must be mounted too
        Kind::AptLists => {
            on(Kind::AptLists) && (!keeps_debs || targets.iter().any(|t| t.starts_with("/var/cache") || t.contains("apt/lists")))
        }
        Kind::Language(tool) => {
            let (place, _) = caches::variables(tool);
            let set = stage.and_then(|s| match unit.lookup(s, item, place) {
                Lookup::Known(value) => Some(value),
                _ => None,
            });
            on(filled.kind) || set.is_some_and(|dir| targets.iter().any(|t| t.trim_end_matches('/') == dir.trim_end_matches('/')))
        }
        kind => on(kind),
    }
}

fn report(cx: &mut Cx<'_>, command: &Command, filled: &Filled) {
    let (what, help, aliases): (&str, &str, &[&'static str]) = match filled.kind {
        Kind::AptLists => (
            "the package lists stay in the layer",
            "end this RUN with `rm -rf /var/lib/apt/lists/*`",
            &["DL3009", "kics:apt_get_install_lists_were_not_deleted"],
        ),
        Kind::System(Manager::Apk) => {
            ("apk keeps its index in the layer", "add `--no-cache`", &["DL3019", "DS-0025", "kics:apk_add_using_local_cache_path"])
        }
        Kind::System(Manager::Yum) if filled.upgrade => ("yum keeps its cache in the layer", "end this RUN with `yum clean all`", &[]),
        Kind::System(Manager::Yum) => {
            ("yum keeps its cache in the layer", "end this RUN with `yum clean all`", &["DL3032", "DS-0015", "kics:yum_clean_all_missing"])
        }
        Kind::System(Manager::Dnf) if filled.program == "microdnf" => {
            ("microdnf keeps its cache in the layer", "end this RUN with `microdnf clean all`", &["DL3040", "DS-0027"])
        }
        Kind::System(Manager::Dnf) => {
            ("dnf keeps its cache in the layer", "end this RUN with `dnf clean all`", &["DL3040", "DS-0019", "kics:missing_dnf_clean_all"])
        }
        Kind::System(_) => {
            ("zypper keeps its cache in the layer", "end this RUN with `zypper clean`", &["DL3036", "DS-0020", "kics:missing_zypper_clean"])
        }
        Kind::Language(Tool::Pip) => (
            "pip keeps what it downloads in the layer",
            "add `--no-cache-dir`, or mount a cache on `/root/.cache/pip`",
            &["DL3042", "kics:pip_install_keeping_cached_packages"],
        ),
        Kind::Language(Tool::Yarn) => (
            "yarn keeps what it downloads in the layer",
            "end this RUN with `yarn cache clean`, or mount a cache on its folder",
            &["DL3060", "run_yarn_clean_after_yarn_install"],
        ),
        Kind::Language(Tool::Npm) => ("npm keeps what it downloads in the layer", "mount a cache on `/root/.npm`", &[]),
        Kind::Language(Tool::Conda) => ("conda keeps what it downloads in the layer", "end this RUN with `conda clean -afy`", &[]),
        Kind::Language(Tool::Uv) => {
            ("uv keeps what it downloads in the layer", "add `--no-cache`, or mount a cache on `/root/.cache/uv`", &[])
        }
        Kind::Language(_) => ("what is downloaded stays in the layer", "mount a cache on the tool's cache folder", &[]),
    };
    let report = cx.report(filled.head, format!("{what}, where nothing reads it again")).help(help).aliases(aliases);
    if let Some((edit, title)) = flag(command, filled) {
        report.fix(title, Applicability::Safe, vec![edit]);
    }
}

/// A flag that keeps the cache from being written.
fn flag(command: &Command, filled: &Filled) -> Option<(Edit, &'static str)> {
    let (flag, title) = match filled.kind {
        Kind::System(Manager::Apk) => (" --no-cache", "add `--no-cache`"),
        Kind::Language(Tool::Pip) => (" --no-cache-dir", "add `--no-cache-dir`"),
        _ => return None,
    };
    let verb = command.words.iter().find(|w| w.span.end == filled.head.end)?;
    let plain = verb.pieces.iter().all(|p| p.quote == crate::syntax::shell::Quote::None) && command.span.contains(verb.span);
    plain.then(|| (replace(verb.span.at_end(), flag), title))
}
