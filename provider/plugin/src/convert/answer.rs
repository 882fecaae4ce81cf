//! Answers that can say what went wrong.

use travel_framework::Diagnostics;
use travel_proto::tfplugin6 as wire;

use super::diagnostic::diagnostics;

/// An answer with a place for errors and warnings.
pub trait Answer: Default {
    /// Adds errors and warnings.
    fn tell(&mut self, diagnostics: Diagnostics);

    /// How many errors and warnings it tells.
    fn told(&self) -> usize;

    /// An answer that holds nothing but these.
    fn refusal(diagnostics: impl Into<Diagnostics>) -> Self {
        let mut answer = Self::default();
        answer.tell(diagnostics.into());
        answer
    }
}

macro_rules! answers_with_diagnostics {
    ($($message:ident),* $(,)?) => {$(
        impl Answer for wire::$message::Response {
            fn tell(&mut self, told: Diagnostics) {
                self.diagnostics.extend(diagnostics(told));
            }

            fn told(&self) -> usize {
                self.diagnostics.len()
            }
        }
    )*};
}

answers_with_diagnostics!(
    get_metadata,
    get_provider_schema,
    get_resource_identity_schemas,
    get_functions,
    validate_provider_config,
    configure_provider,
    validate_resource_config,
    upgrade_resource_state,
    upgrade_resource_identity,
    read_resource,
    plan_resource_change,
    apply_resource_change,
    import_resource_state,
    move_resource_state,
    generate_resource_config,
    validate_ephemeral_resource_config,
    open_ephemeral_resource,
    renew_ephemeral_resource,
    close_ephemeral_resource,
    validate_list_resource_config,
    validate_action_config,
    plan_action,
    validate_data_resource_config,
    read_data_source,
);

/// A function has a single error, whose text is all that is shown.
impl Answer for wire::call_function::Response {
    fn tell(&mut self, told: Diagnostics) {
        let texts: Vec<String> = told.iter().map(ToString::to_string).collect();
        if !texts.is_empty() {
            self.error =
                Some(wire::FunctionError { text: texts.join("\n"), function_argument: None });
        }
    }

    fn told(&self) -> usize {
        usize::from(self.error.is_some())
    }
}

impl Answer for wire::stop_provider::Response {
    fn tell(&mut self, told: Diagnostics) {
        let texts: Vec<String> = told.iter().map(ToString::to_string).collect();
        self.error = texts.join("\n");
    }

    fn told(&self) -> usize {
        usize::from(!self.error.is_empty())
    }
}
