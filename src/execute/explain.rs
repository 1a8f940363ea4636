//! What a builder's error text means to the user, and what to do about it; the same for every builder.

use super::Failure;

/// The connection to the builder broke, which is the engine or a daemon of its own.
pub(super) fn broken(text: &str, daemon: bool) -> Failure {
    let (who, look) = if daemon {
        ("builder", "buildkitd still runs, and what it wrote last")
    } else {
        ("engine", "the engine still runs (`docker info`)")
    };
    Failure {
        message: format!("the connection to the {who} broke: {text}"),
        help: Some(format!("whether this image was built is not known; see whether {look}, and run the plan again")),
        lost: true,
        ..Failure::default()
    }
}

/// An error's own words, without those of the layers that it passed on its way here.
pub(super) fn said(text: &str) -> String {
    const LAYERS: [&str; 5] = [
        "failed to solve with frontend dockerfile.v0: ",
        "failed to solve: ",
        "failed to build LLB: ",
        "failed to create LLB definition: ",
        "failed to read dockerfile: ",
    ];
    let remote = |text: &'_ str| {
        let (code, _) = text.strip_prefix("rpc error: code = ")?.split_once(" desc = ")?;
        code.bytes().all(|byte| byte.is_ascii_alphabetic()).then(|| "rpc error: code =  desc = ".len() + code.len())
    };
    let mut text = text.trim();
    while let Some(rest) = LAYERS.iter().find_map(|layer| text.strip_prefix(layer)).or_else(|| text.get(remote(text)?..)) {
        text = rest;
    }
    text.to_owned()
}

/// The exit code that an error text ends with.
pub(super) fn exit_code(text: &str) -> Option<i64> {
    let found = ["exit code: ", "returned a non-zero code: ", "exit status "].iter().find_map(|words| text.rsplit_once(words));
    let digits: String = found?.1.chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
    digits.parse().ok()
}

/// `dockerfile parse error line 3: …`, or `on line 3`.
pub(super) fn parse_error_line(text: &str) -> Option<usize> {
    let (_, rest) = text.rsplit_once("dockerfile parse error ")?;
    let rest = rest.strip_prefix("on ").unwrap_or(rest).strip_prefix("line ")?;
    rest.split(':').next()?.trim().parse().ok()
}

/// A failure in words for the user, with what to do where that is known.
pub(super) fn told(mut failure: Failure) -> Failure {
    if let Some((_, (_, rest))) =
        failure.message.split_once("dockerfile parse error ").map(|(before, rest)| (before, rest.split_once(": ").unwrap_or(("", rest))))
    {
        failure.message = rest.to_owned();
    }
    let text = failure.message.clone();
    let full = |line: &String| line.to_lowercase().contains("no space left on device");
    if full(&text) || failure.output.iter().any(full) {
        failure.help =
            Some("the engine's disk is full: `docker system df` shows by what, `docker builder prune` frees what builds left".to_owned());
    }
    if failure.exit_code.is_some() && failure.output.iter().any(|line| line.ends_with("exec format error")) {
        let emulator = "`docker run --privileged --rm tonistiigi/binfmt --install all` installs emulators where the builder runs";
        let help = format!("the program is built for another kind of processor; {emulator}, or build on a machine of that kind");
        failure.help = failure.help.or(Some(help));
    }
    if let Some(code) = failure.exit_code {
        failure.message = format!("the command fails with exit code {code}");
        failure.help = failure.help.or_else(|| match code {
            127 => Some("127: the shell did not find a command; see which one its last lines name".to_owned()),
            126 => {
                Some("126: a file is there but cannot be executed; `chmod +x` it, or see whether it is built for this platform".to_owned())
            }
            137 => Some("137: it was killed, mostly because the engine ran out of memory".to_owned()),
            _ => None,
        });
        return failure;
    }
    if let Some((message, help)) = meaning(&text) {
        failure.message = message;
        failure.help = failure.help.or(Some(help));
    } else if let Some((name, why)) = text.strip_prefix("failed to push ").and_then(|rest| rest.split_once(": ")) {
        failure.message = format!("`{name}` cannot be pushed: {why}");
    }
    failure
}

/// Errors that say little to those who do not know the builder.
fn meaning(text: &str) -> Option<(String, String)> {
    let quoted = |before: &str| text.split_once(before).and_then(|(_, rest)| rest.split('"').next()).map(str::to_owned);
    let absent = ["failed to compute cache key", "failed to calculate checksum of ref", "file not found in build context"];
    if absent.iter().any(|words| text.contains(words)) || (text.starts_with("\"/") && text.contains("\" not found")) {
        let path = quoted("\"/").or_else(|| text.rsplit_once("stat ").and_then(|(_, rest)| rest.split(':').next()).map(str::to_owned))?;
        let path = path.trim_start_matches('/').to_owned();
        return Some((
            format!("`{path}` is not there to be copied"),
            "paths count from the build context (or from the root of the stage that `--from` names), and the ignore file may leave it out: `stacklint context DIR` lists what is sent".to_owned(),
        ));
    }
    let lower = text.to_lowercase();
    if lower.starts_with("unknown flag") || lower.starts_with("unknown instruction") {
        return Some((
            format!("the engine's builder cannot read this: {text}"),
            "where it is newer than the builder, a newer Docker knows it, or `# syntax=docker/dockerfile:1` on the first line, if the engine reaches Docker Hub".to_owned(),
        ));
    }
    if text.contains("pull access denied") || text.contains("insufficient_scope") || text.contains("no basic auth credentials") {
        return Some((
            format!("the registry does not give out this image: {text}"),
            "see whether its name is right; for a private image `docker login` first".to_owned(),
        ));
    }
    if text.contains("no such host") || text.contains("dial tcp") || text.contains("i/o timeout") {
        return Some((
            format!("the registry cannot be reached: {text}"),
            "see whether the engine has a network, or whether it needs a proxy; images that are in the engine already need no registry"
                .to_owned(),
        ));
    }
    let absent = text.strip_suffix(": not found").is_some_and(|name| !name.contains([' ', '"']) && name.contains('/'));
    if text.contains("manifest unknown") || absent || (text.contains("not found") && text.contains("docker.io/")) {
        return Some((format!("the registry has no such image: {text}"), "see whether its name and tag are right".to_owned()));
    }
    if let Some((_, rest)) = text.split_once("secret ").filter(|(_, rest)| rest.contains("not found")) {
        let id: String = rest.chars().take_while(|c| !c.is_whitespace() && *c != ':').collect();
        return Some((
            format!("the step asks for the secret `{id}`, which this build does not have"),
            "list it under `build: secrets:` of the service, and define it under the top-level `secrets:`".to_owned(),
        ));
    }
    if let Some(name) = ["security.insecure", "network.host"].iter().find(|name| text.contains(&format!("{name} is not allowed"))) {
        let (what, help) = if text.contains("by build daemon configuration") {
            (format!("this builder allows no build `{name}`"), format!("start it with `buildkitd --allow-insecure-entitlement {name}`"))
        } else {
            let help = format!("write `entitlements: [{name}]` under the service's `build:`");
            (format!("a step asks for `{name}`, which this build is not allowed"), help)
        };
        return Some((what, help));
    }
    if text.contains("unknown cache exporter") {
        let kind = quoted("unknown cache exporter: \"").unwrap_or_default();
        return Some((
            format!("this builder writes no cache of type `{kind}`"),
            "the engine's own BuildKit has `type=inline` only; a BuildKit daemon (BUILDKIT_HOST) writes caches to folders and registries"
                .to_owned(),
        ));
    }
    if text.contains("no ssh agent is lent") || text.contains("no SSH key") || text.contains("ssh forward") {
        return Some((
            "the step asks for an ssh agent, which this build does not have".to_owned(),
            "write `ssh: [default]` under the service's `build:`, and run an agent".to_owned(),
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_builder_does_not_allow_is_told_with_the_remedy() {
        let told = |text: &str| meaning(text).map(|(message, help)| format!("{message}; {help}")).unwrap_or_default();
        let of_build = told("failed to load LLB: security.insecure is not allowed");
        assert!(of_build.contains("`entitlements: [security.insecure]`"), "{of_build}");
        let of_daemon = told("granting entitlement network.host is not allowed by build daemon configuration");
        assert!(of_daemon.contains("allows no build `network.host`; start it with"), "{of_daemon}");
        let cache = told("unknown cache exporter: \"local\"");
        assert!(cache.starts_with("this builder writes no cache of type `local`; "), "{cache}");
    }

    #[test]
    fn layers_around_an_error_are_taken_off() {
        let text = "failed to solve with frontend dockerfile.v0: failed to build LLB: executor failed running [/bin/sh -c x]: exit code: 7";
        assert_eq!(said(text), "executor failed running [/bin/sh -c x]: exit code: 7");
        assert_eq!(said("failed to solve: rpc error: code = Internal desc = cannot write a/b"), "cannot write a/b");
        assert_eq!(said("rpc error: code = 7 and so on"), "rpc error: code = 7 and so on");
        assert_eq!(exit_code(text), Some(7));
        assert_eq!(exit_code("The command '/bin/sh -c x' returned a non-zero code: 12"), Some(12));
        assert_eq!(exit_code("building at STEP \"RUN x\": while running runtime: exit status 5"), Some(5));
        assert_eq!(parse_error_line("failed to create LLB definition: dockerfile parse error line 3: unknown flag: x"), Some(3));
        assert_eq!(parse_error_line("dockerfile parse error on line 12: x"), Some(12));
    }
}
