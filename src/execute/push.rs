//! Sends built images to their registries, as `docker push` does.

use std::time::Instant;

use bollard::query_parameters::PushImageOptionsBuilder;
use futures_util::StreamExt;

use super::backend::Events;
use super::engine::{chain, said};
use super::{Engine, Failure, Job, Pushed, StepEvent, StepState, What, credentials};
use crate::stack::ImageRef;

/// Says before anything runs which images have no name that can be pushed.
pub(super) fn refuse(job: &Job<'_>) -> Result<(), String> {
    let nameless = job.plan.images.iter().find(|image| image.tags.iter().all(|tag| !can_be_pushed(tag)));
    match nameless {
        Some(image) => Err(format!(
            "`{}` has no name in a registry to push it to{}; give it one: `image: registry.example.com/{}`, or --tag",
            image.name,
            image.tags.first().map_or_else(String::new, |tag| format!(", only `{tag}`")),
            image.name.rsplit('/').next().unwrap_or(&image.name).to_lowercase()
        )),
        None => Ok(()),
    }
}

/// A bare name is one of Docker's own images, where nobody else may push.
pub(super) fn can_be_pushed(name: &str) -> bool {
    let image = ImageRef::parse(name);
    image.registry.is_some() || image.name.contains('/')
}

/// Pushes an image under all names that can be pushed.
pub(super) async fn push(engine: &Engine, names: &[String], events: &Events) -> Result<Vec<Pushed>, Failure> {
    let mut pushed = Vec::new();
    for name in names.iter().filter(|name| can_be_pushed(name)) {
        let started = Instant::now();
        let step = |state: StepState| {
            let id = format!("push {name}").into();
            events.tell(What::Step(StepEvent { id, name: format!("pushing {name}"), line: None, instruction: None, state }));
        };
        step(StepState::Running);
        match one(engine, name, events).await {
            Ok(digest) => {
                step(StepState::Done(started.elapsed()));
                pushed.push(Pushed { name: name.clone(), digest });
            }
            Err(failure) => {
                step(StepState::Failed(failure.message.clone()));
                return Err(failure);
            }
        }
    }
    Ok(pushed)
}

async fn one(engine: &Engine, name: &str, events: &Events) -> Result<String, Failure> {
    let failure = |text: String, logged_in: bool| Failure {
        help: credentials::advice(&text, name, logged_in),
        message: format!("`{name}` cannot be pushed: {text}"),
        ..Failure::default()
    };
    let host = credentials::registry(name);
    let login = engine.login(&host).await.map_err(|text| failure(text, true))?;
    let logged_in = login.is_some();
    let login = login.map(|login| credentials::for_engine(&host, login).1);
    let (repository, tag) = repository_and_tag(name);
    let options = PushImageOptionsBuilder::default().tag(tag).build();
    let mut answer = engine.docker.push_image(repository, Some(options), login);
    let mut layers = Layers::default();
    let mut digest = None;
    while let Some(item) = answer.next().await {
        let info = item.map_err(|error| failure(said(&error).unwrap_or_else(|| chain(&error)), logged_in))?;
        let Some(status) = info.status else { continue };
        // bollard leaves out the field that holds the digest, and the text has it, too.
        digest = digest_in(&status).or(digest);
        if layers.count(&status) {
            events.tell(What::Log { step: format!("push {name}").into(), text: format!("{} of {} layers", layers.done, layers.all) });
        }
    }
    digest.ok_or_else(|| failure("the engine ended the push without a digest".to_owned(), logged_in))
}

#[derive(Default)]
struct Layers {
    all: usize,
    done: usize,
}

impl Layers {
    /// Counts what a status says; true where a layer has got there.
    fn count(&mut self, status: &str) -> bool {
        self.all += usize::from(status == "Preparing");
        let done = matches!(status, "Pushed" | "Layer already exists") || status.starts_with("Mounted from ");
        self.done += usize::from(done);
        done
    }
}

/// `latest: digest: sha256:… size: 528`.
fn digest_in(status: &str) -> Option<String> {
    let (_, rest) = status.split_once("digest: ")?;
    Some(rest.split(' ').next()?.to_owned()).filter(|digest| digest.starts_with("sha256:"))
}

/// An image's name without its tag, and the tag.
pub(super) fn repository_and_tag(name: &str) -> (&str, &str) {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (name, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_read_out_of_the_text() {
        assert_eq!(digest_in("v1: digest: sha256:ab12 size: 528").unwrap(), "sha256:ab12");
        assert_eq!(digest_in("The push refers to repository [localhost:5000/digest: x]"), None);
    }

    #[test]
    fn only_names_of_ones_own_are_pushed() {
        for (name, may) in
            [("shop-web", false), ("library/nginx:1", false), ("me/web", true), ("127.0.0.1:5000/web:1", true), ("docker.io/nginx", true)]
        {
            assert_eq!(can_be_pushed(name), may, "{name}");
        }
        assert_eq!(repository_and_tag("127.0.0.1:5000/web"), ("127.0.0.1:5000/web", "latest"));
        assert_eq!(repository_and_tag("a/b:1"), ("a/b", "1"));
    }
}
