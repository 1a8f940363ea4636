//! What of a plan a failure is about that no instruction of the Dockerfile names: a context that is fetched, or the image
//! that reads the Dockerfile.

use super::super::{Failure, Job};
use super::caches::Layout;
use crate::plan::Image;
use crate::plan::input::Unit;

/// What a build fetches beside its base images.
#[derive(Clone, Debug, Default)]
pub(super) struct Blame {
    /// The line of `# syntax=`, and the image that it names.
    syntax: Option<(usize, String)>,
    contexts: Vec<Context>,
}

/// An address without the user and the password that may stand in it.
fn without_login(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match host.rsplit_once('@') {
        Some((_, host)) if scheme != "docker-image" && scheme != "oci-layout" => format!("{scheme}://{host}{path}"),
        _ => value.to_owned(),
    }
}

/// An additional context.
#[derive(Clone, Debug)]
struct Context {
    name: String,
    value: String,
    /// Where it stands, as the beginning of a line.
    place: String,
}

impl Blame {
    pub(super) fn of(job: &Job<'_>, image: &Image, unit: &Unit<'_>) -> Blame {
        let syntax = unit.ast.directives.iter().find(|directive| directive.name.value == "syntax");
        let syntax = syntax.filter(|_| !image.args.contains_key("BUILDKIT_SYNTAX"));
        let contexts = image.settings.contexts.iter().map(|(name, value)| {
            let place = job.context_place(image, name);
            Context { name: name.clone(), value: without_login(value), place }
        });
        Blame {
            syntax: syntax.map(|directive| (job.sources.line(directive.name.span), directive.value.value.trim().to_owned())),
            contexts: contexts.collect(),
        }
    }

    /// The failure with what it is about.
    pub(super) fn tell(&self, failure: Failure) -> Failure {
        if failure.lost {
            return failure;
        }
        match self.context(&failure) {
            Some(context) => context.tell(failure),
            None => self.frontend(failure),
        }
    }

    /// The context that could not be had.
    fn context(&self, failure: &Failure) -> Option<&Context> {
        if let (None, Some(step)) = (failure.line, &failure.step) {
            let fetched = |context: &&Context| {
                let git = step.split_once("load git source ").map(|(_, url)| without_login(url));
                step.starts_with(&format!("[context {}]", context.name)) || git.as_ref() == Some(&context.value)
            };
            return self.contexts.iter().find(fetched);
        }
        // At the FROM that names it.
        let image = |context: &&Context| context.image().is_some_and(|image| failure.message.contains(image));
        self.contexts.iter().find(image)
    }

    fn frontend(&self, failure: Failure) -> Failure {
        let Some((line, image)) = &self.syntax else { return failure };
        let resolved = failure.step.as_ref().is_some_and(|step| step.starts_with("resolve image config for "));
        if failure.line.is_none() && resolved {
            return Failure { line: Some(*line), step: None, ..failure };
        }
        match failure.exit_code.filter(|_| failure.line == Some(*line)) {
            Some(code) => Failure {
                message: format!("{image} fails with exit code {code}"),
                help: Some("`# syntax=` names an image that reads Dockerfiles, as `docker/dockerfile:1` does".to_owned()),
                exit_code: None,
                ..failure
            },
            None => failure,
        }
    }
}

impl Context {
    /// The image that it is, without the tag that may be left out.
    fn image(&self) -> Option<&str> {
        let image = self.value.strip_prefix("docker-image://")?;
        Some(image.strip_prefix("docker.io/").unwrap_or(image))
    }

    fn tell(&self, failure: Failure) -> Failure {
        let Context { name, value, place } = self;
        if failure.line.is_some() {
            let stands = format!("{place}`{name}` is {value}");
            let help = failure.help.map_or_else(|| stands.clone(), |help| format!("{help} ({stands})"));
            return Failure { help: Some(help), ..failure };
        }
        let why = match failure.exit_code {
            Some(code) => format!("git fails with exit code {code}"),
            None => failure.message.trim_end_matches(", output: \"\"").to_owned(),
        };
        let verb = if Layout::parse(value).is_some() { "read" } else { "fetched" };
        let message = format!("{place}the context `{name}` cannot be {verb} from {value}: {why}");
        let help = "the builder fetches it, not this machine: see whether the address is right, and whether the builder reaches it";
        let help = failure.help.filter(|_| failure.exit_code.is_none()).unwrap_or_else(|| help.to_owned());
        Failure { message, help: Some(help), exit_code: None, step: None, ..failure }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blame() -> Blame {
        let context = |name: &str, value: &str| Context { name: name.to_owned(), value: value.to_owned(), place: "c.yaml:7: ".to_owned() };
        let contexts = vec![context("a", "https://x/y.tar"), context("b", "https://x/r.git#main"), context("c", "docker-image://r/me/c")];
        Blame { syntax: Some((2, "r/front:1".to_owned())), contexts }
    }

    fn told(message: &str, line: Option<usize>, step: Option<&str>, exit_code: Option<i64>) -> Failure {
        blame().tell(Failure { message: message.to_owned(), line, step: step.map(str::to_owned), exit_code, ..Failure::default() })
    }

    #[test]
    fn a_context_that_is_not_had_is_told_at_its_line() {
        let url = told("invalid response status 404", None, Some("[context a] https://x/y.tar"), None);
        assert_eq!(url.message, "c.yaml:7: the context `a` cannot be fetched from https://x/y.tar: invalid response status 404");
        let git = told("the command fails with exit code 128", None, Some("[internal] load git source https://x/r.git#main"), Some(128));
        assert_eq!(git.message, "c.yaml:7: the context `b` cannot be fetched from https://x/r.git#main: git fails with exit code 128");
        assert_eq!((git.exit_code, git.step), (None, None));
        let image = told("the registry has no such image: r/me/c:latest: not found", Some(1), None, None);
        assert_eq!(image.help.as_deref(), Some("c.yaml:7: `c` is docker-image://r/me/c"));
        assert_eq!(told("else", Some(3), None, Some(1)).help, None);
    }

    #[test]
    fn what_proves_who_one_is_is_not_shown() {
        assert_eq!(without_login("https://me:token@x.org/r.git#main"), "https://x.org/r.git#main");
        assert_eq!(without_login("https://x.org/@scope/r.git"), "https://x.org/@scope/r.git");
        assert_eq!(without_login("docker-image://x@sha256:1"), "docker-image://x@sha256:1");
        assert_eq!(without_login("./files"), "./files");
    }

    #[test]
    fn a_frontend_that_is_not_had_or_fails_is_told_at_its_line() {
        let absent = told("not found", None, Some("resolve image config for r/front:1"), None);
        assert_eq!((absent.line, absent.step), (Some(2), None));
        let failing = told("the command fails with exit code 1", Some(2), None, Some(1));
        assert_eq!((failing.message.as_str(), failing.exit_code), ("r/front:1 fails with exit code 1", None));
    }
}
