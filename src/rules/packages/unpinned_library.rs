use crate::rule::{Cx, Rule, rule};
use crate::rules::support::installs::{Language, run_of, unpinned_language};
use crate::rules::support::word_values::Surroundings;
use crate::stack::ScriptUnit;

rule!(UnpinnedLibrary, "packages/unpinned-library");

impl Rule for UnpinnedLibrary {
    fn script(&self, script: &ScriptUnit, cx: &mut Cx<'_>) {
        let Some(place) = run_of(cx.stack, script) else { return };
        let around = Surroundings { script: &script.script, place };
        for (_, command) in script.script.walk() {
            let Some((language, unpinned)) = unpinned_language(command, around) else { continue };
            let Some(first) = unpinned.first() else { continue };
            let (example, aliases): (&str, &[&'static str]) = match language {
                Language::Python => ("name==1.2.3", &["DL3013", "kics:unpinned_package_version_in_pip_install"]),
                Language::Node if first.name.starts_with("git") => ("name#v1.2.3", &["DL3016"]),
                Language::Node => ("name@1.2.3", &["DL3016", "kics:npm_install_without_pinned_version"]),
                Language::Ruby => ("name:1.2.3", &["DL3028", "kics:gem_install_without_version"]),
                Language::Go => ("path@v1.2.3", &["DL3062"]),
            };
            cx.report(first.span, format!("`{}` is whatever was newest when the layer was built", first.name))
                .help(format!("give its version, as in `{example}`"))
                .aliases(aliases);
        }
    }
}
