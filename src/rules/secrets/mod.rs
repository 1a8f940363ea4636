//! Rules of the category `secrets`, one a file.

use crate::rule::Entry;

mod credentials_mounted;
mod default_credentials;
mod secret_file_in_image;
mod secret_in_build_arg;
mod secret_in_command;
mod secret_in_env;
mod secret_literal_in_compose;
mod secret_mount_persisted;
mod secret_named_variable;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    credentials_mounted::CredentialsMounted::ENTRY,
    default_credentials::DefaultCredentials::ENTRY,
    secret_file_in_image::SecretFileInImage::ENTRY,
    secret_in_build_arg::SecretInBuildArg::ENTRY,
    secret_in_command::SecretInCommand::ENTRY,
    secret_in_env::SecretInEnv::ENTRY,
    secret_literal_in_compose::SecretLiteralInCompose::ENTRY,
    secret_mount_persisted::SecretMountPersisted::ENTRY,
    secret_named_variable::SecretNamedVariable::ENTRY,
];
