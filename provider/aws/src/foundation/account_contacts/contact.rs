//! Contacts as a configuration writes them, and as the service takes them.
//!
//! Source: AWS Account Management API reference, ContactInformation, AlternateContact.

use aws_sdk_account::types::{
    AlternateContact as Alternate, AlternateContactType, ContactInformation,
};
use travel_framework::{Failure, Model};
use travel_value::Value;

use crate::error::incomplete;

/// The countries whose addresses need a state or region.
pub const WITH_STATES: [&str; 7] = ["US", "CA", "GB", "DE", "JP", "IN", "BR"];
const LONGEST_LINE: usize = 60;

/// Whom the account belongs to, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PrimaryContact {
    /// The full name.
    #[model(required, length(1, 50))]
    pub full_name: String,
    /// The company.
    #[model(optional, length(1, 50))]
    pub company_name: Option<String>,
    /// The address, in up to three lines of at most 60 characters.
    #[model(required, length(1, 3), rule = are_lines)]
    pub address_lines: Vec<String>,
    /// The city.
    #[model(required, length(1, 50))]
    pub city: String,
    /// The state or region, which some countries need: BR, CA, DE, GB, IN, JP and US.
    #[model(optional, length(1, 50))]
    pub state_or_region: Option<String>,
    /// The district or county.
    #[model(optional, length(1, 50))]
    pub district_or_county: Option<String>,
    /// The postal code.
    #[model(required, length(1, 20))]
    pub postal_code: String,
    /// The country, by the two letters of ISO 3166.
    #[model(required, pattern("^[A-Z]{2}$", "the two letters of a country, such as DE"))]
    pub country_code: String,
    /// The phone number, with the code of the country: `+49 30 1234567`.
    #[model(
        required,
        pattern(
            "^\\+[\\s0-9()-]{1,19}$",
            "a phone number of at most 20 characters, such as +49 30 1234567"
        )
    )]
    pub phone_number: String,
    /// The address of the website.
    #[model(optional, length(1, 256))]
    pub website_url: Option<String>,
}

/// Somebody whom AWS also writes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct AlternateContact {
    /// The name.
    #[model(required, length(1, 64))]
    pub name: String,
    /// The title.
    #[model(required, length(1, 50))]
    pub title: String,
    /// The e-mail address.
    #[model(
        required,
        length(1, 254),
        pattern("^[\\w+=.#|!&-]+@[\\w.-]+\\.\\w+$", "an e-mail address")
    )]
    pub email: String,
    /// The phone number.
    #[model(
        required,
        pattern(
            "^[\\s0-9()+-]{1,25}$",
            "a phone number of at most 25 characters, such as +49 30 1234567"
        )
    )]
    pub phone_number: String,
}

/// The kinds of alternate contacts, by their attributes.
pub static KINDS: [(&str, AlternateContactType); 3] = [
    ("billing", AlternateContactType::Billing),
    ("operations", AlternateContactType::Operations),
    ("security", AlternateContactType::Security),
];

fn are_lines(value: &Value) -> Result<(), String> {
    let mut lines = value.elements().unwrap_or_default().iter().filter_map(Value::as_str);
    match lines.all(|line| (1..=LONGEST_LINE).contains(&line.chars().count())) {
        true => Ok(()),
        false => Err(format!("lines of 1 to {LONGEST_LINE} characters")),
    }
}

impl PrimaryContact {
    /// As the service shows it.
    pub fn read(shown: ContactInformation) -> Self {
        let lines = [Some(shown.address_line1), shown.address_line2, shown.address_line3];
        Self {
            full_name: shown.full_name,
            company_name: shown.company_name,
            address_lines: lines.into_iter().flatten().collect(),
            city: shown.city,
            state_or_region: shown.state_or_region,
            district_or_county: shown.district_or_county,
            postal_code: shown.postal_code,
            country_code: shown.country_code,
            phone_number: shown.phone_number,
            website_url: shown.website_url,
        }
    }

    /// As the service takes it.
    ///
    /// # Errors
    /// Where the SDK finds something missing: it never does.
    pub fn written(&self) -> Result<ContactInformation, Failure> {
        let line = |number: usize| self.address_lines.get(number).cloned();
        let built = ContactInformation::builder()
            .full_name(&self.full_name)
            .set_company_name(self.company_name.clone())
            .set_address_line1(line(0))
            .set_address_line2(line(1))
            .set_address_line3(line(2))
            .city(&self.city)
            .set_state_or_region(self.state_or_region.clone())
            .set_district_or_county(self.district_or_county.clone())
            .postal_code(&self.postal_code)
            .country_code(&self.country_code)
            .phone_number(&self.phone_number)
            .set_website_url(self.website_url.clone())
            .build();
        built.map_err(|error| incomplete(&error))
    }
}

impl AlternateContact {
    /// As the service shows it.
    pub fn read(shown: Alternate) -> Self {
        Self {
            name: shown.name.unwrap_or_default(),
            title: shown.title.unwrap_or_default(),
            email: shown.email_address.unwrap_or_default(),
            phone_number: shown.phone_number.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_primary_contact_stays_what_it_is() {
        let contact = PrimaryContact {
            full_name: "A".into(),
            address_lines: vec!["1".into(), "2".into()],
            city: "C".into(),
            postal_code: "P".into(),
            country_code: "FR".into(),
            phone_number: "+1".into(),
            ..PrimaryContact::default()
        };
        assert_eq!(PrimaryContact::read(contact.written().unwrap()), contact);
    }
}
