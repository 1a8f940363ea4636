//! What Compose refuses beyond the schema, each at its key or value.

mod context;
mod project;
mod references;
mod service;
mod typed;
mod values;

pub(super) use context::Validate;

use super::tree::Entry;

impl Validate<'_> {
    pub(super) fn run(&mut self) {
        let model = self.model;
        self.resources();
        for entry in model.entries_at("services").filter(|e| e.value.is_map()) {
            self.decoded(entry);
            if self.active.contains(&entry.key.value.as_str()) {
                self.service(entry);
            }
        }
        if !self.partial {
            self.cycles();
            // a rule says it in a check
            if self.strict {
                self.container_names();
            }
        }
    }

    fn service(&mut self, entry: &Entry) {
        if !self.partial {
            self.runs_something(entry);
            self.references(entry);
        }
        self.exclusive(entry);
        self.health_and_watch(entry);
        self.limits(entry);
        self.env_formats(&entry.value);
        self.mount_targets(&entry.value);
    }
}
