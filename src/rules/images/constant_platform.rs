use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::on_first_line;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Op, unquote};

rule!(ConstantPlatform, "images/constant-platform");

impl Rule for ConstantPlatform {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in unit.ast.instructions() {
            let Op::From(from) = &instruction.op else { continue };
            let (Some(platform), Some(flag)) = (&from.platform, instruction.flag("platform")) else { continue };
            let value = unquote(platform, unit.ast.escape).value;
            if platform.contains('$') || value.is_empty() {
                continue;
            }
            let Some((os, arch)) = parts(&value) else { continue };
            let stage = from.name.as_ref().map(|n| n.to_lowercase()).unwrap_or_default();
            // a stage that is named after its platform is one of several, chosen by TARGETARCH
            if stage.contains(&os) || stage.contains(&arch) {
                continue;
            }
            let place = on_first_line(cx, instruction, flag.span);
            cx.report(place, format!("every build of this stage is for {value}, also where another platform is asked for"))
                .help("drop the flag and give `--platform` to the build; a stage that only makes files takes `--platform=$BUILDPLATFORM`");
        }
    }
}

/// Operating system and architecture, as the builder names them; `None` for what is no platform.
fn parts(platform: &str) -> Option<(String, String)> {
    let lower = platform.to_lowercase();
    let words: Vec<&str> = lower.split('/').collect();
    let named = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if words.len() > 3 || !words.iter().all(|w| named(w)) {
        return None;
    }
    const SYSTEMS: [&str; 8] = ["linux", "windows", "darwin", "freebsd", "openbsd", "netbsd", "solaris", "wasip1"];
    let (os, arch) = match words.as_slice() {
        [one] if SYSTEMS.contains(one) => (*one, "amd64"),
        [one] => ("linux", *one),
        [os, arch, ..] => (*os, *arch),
        [] => return None,
    };
    let arch = match arch {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        "armhf" | "armel" => "arm",
        "i386" => "386",
        other => other,
    };
    Some((os.to_owned(), arch.to_owned()))
}
