//! EC2 before moto: states that take time, tokens that are honoured, and dependencies that hold.
//!
//! Follows the Amazon EC2 API Reference where moto is laxer than the service. What is not named here goes to moto as
//! it is.

mod endpoints;
mod guards;
mod lists;
mod lives;
mod routes;
mod tokens;

use std::sync::Arc;

use async_trait::async_trait;

use super::backend::Backend;
use super::call::{Body, Call, Reply};
use super::emulator::Kind;
use super::form::Form;
use super::wire::ServiceError;
use super::world::{Order, World, parse_element};
use super::xml::Element;
use lives::{Life, Lives};
use tokens::Tokens;

/// The backend of EC2.
pub fn backend() -> Box<dyn Backend> {
    Box::new(Ec2::default())
}

#[derive(Debug, Default)]
struct Ec2 {
    tokens: Tokens,
    lives: Lives,
}

#[async_trait]
impl Backend for Ec2 {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let form = call.form();
        guards::check(&call, &form, &self.lives, world).await?;
        let token = form.get("ClientToken").filter(|token| !token.is_empty());
        if let Some(token) = token
            && !call.operation.starts_with("Describe")
        {
            let mut known = self.tokens.lock().await;
            if let Some(answer) = known.find(&call, token, &form)? {
                return Ok(Reply::xml(&with_request_id(answer, &call)));
            }
            let (key, request) = (known.key(&call, token), form.clone());
            let reply = self.carry_out(call, form, world).await?;
            if let (true, Body::Whole(body)) = (reply.status.is_success(), &reply.body) {
                known.learn(key, &request, &String::from_utf8_lossy(body));
            }
            return Ok(reply);
        }
        self.carry_out(call, form, world).await
    }

    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        self.tokens.lock().await.clear();
        self.lives.clear();
        Ok(())
    }
}

impl Ec2 {
    async fn carry_out(
        &self,
        call: Call,
        form: Form,
        world: &Arc<World>,
    ) -> Result<Reply, ServiceError> {
        match call.operation.as_str() {
            "CreateNatGateway" => self.create_nat_gateway(call, &form, world).await,
            "DeleteNatGateway" => self.delete_nat_gateway(call, &form, world).await,
            "CreateVpcEndpoint" => self.create_vpc_endpoint(call, form, world).await,
            "DeleteVpcEndpoints" => self.delete_vpc_endpoints(call, &form, world).await,
            "ModifyVpcEndpoint" => endpoints::modify(call, &form, &self.lives, world).await,
            "DeleteRouteTable" => {
                let table = form.get("RouteTableId").unwrap_or_default();
                endpoints::forget_route_table(&Asked::of(&call), table, world).await?;
                plain(call, world).await
            }
            "DisassociateVpcCidrBlock" => {
                let id = form.get("AssociationId").unwrap_or_default().to_owned();
                // moto looks for the routes of a block that it has let go already.
                let answer = ask(call, world).await.map_err(|error| match error.code.as_str() {
                    "InvalidRoute.NotFound" => {
                        let message = format!("The association ID '{id}' does not exist");
                        ServiceError::new("InvalidVpcCidrBlockAssociationID.NotFound", message)
                    }
                    _ => error,
                })?;
                Ok(Reply::xml(&answer))
            }
            "DescribeNatGateways" => {
                self.describe_lives(call, form, world, &lists::NAT_GATEWAYS).await
            }
            "DescribeVpcEndpoints" => {
                self.describe_lives(call, form, world, &lists::VPC_ENDPOINTS).await
            }
            "DescribeNetworkInterfaces" => {
                let mut answer = ask(call, world).await?;
                for item in answer.child_mut("networkInterfaceSet").into_iter().flat_map(items_mut)
                {
                    self.lives.annotate(item);
                }
                Ok(Reply::xml(&lists::without_hidden(
                    "DescribeNetworkInterfaces",
                    &form,
                    answer,
                    world,
                )))
            }
            "DescribeTags" => lists::describe_tags(call, form, world).await,
            "ReplaceRoute" => routes::replace(call, &form, world).await,
            _ if lists::lags(&call, &form, world) => {
                let operation = call.operation.clone();
                let answer = ask(call, world).await?;
                Ok(Reply::xml(&lists::without_hidden(&operation, &form, answer, world)))
            }
            _ => plain(call, world).await,
        }
    }

    async fn create_nat_gateway(
        &self,
        call: Call,
        form: &Form,
        world: &Arc<World>,
    ) -> Result<Reply, ServiceError> {
        let pending = world.settings.get().pending_describes;
        let public = form.get("ConnectivityType") != Some("private");
        let asked = Asked::of(&call);
        let mut answer = ask(call, world).await?;
        let Some(item) = answer.child_mut("natGateway") else { return Ok(Reply::xml(&answer)) };
        let mut life = Life::nat_gateway(item, pending);
        if public && !guards::has_gateway(&asked, item.text_at("vpcId"), world).await? {
            let vpc = item.text_at("vpcId");
            life.fail(
                "Gateway.NotAttached",
                &format!("Network {vpc} has no Internet gateway attached"),
            );
            release(&asked, item, world).await?;
        }
        let id = item.text_at("natGatewayId").to_owned();
        self.lives.begin(&id, life);
        self.lives.show(item, &lists::NAT_GATEWAYS, false);
        Ok(Reply::xml(&answer))
    }

    async fn delete_nat_gateway(
        &self,
        call: Call,
        form: &Form,
        world: &Arc<World>,
    ) -> Result<Reply, ServiceError> {
        let id = form.get("NatGatewayId").unwrap_or_default();
        let asked = Asked::of(&call);
        let found = asked
            .list(world, "DescribeNatGateways", &[("NatGatewayId.1", id)], "natGatewaySet")
            .await?;
        let found = found.iter().find(|item| item.text_at("natGatewayId") == id);
        let Some(item) = found else {
            let message = format!("NatGateway {id} was not found");
            return Err(ServiceError::new("NatGatewayNotFound", message));
        };
        if item.text_at("state") != "deleted" {
            let pending = world.settings.get().pending_describes;
            self.lives.end(id, Life::nat_gateway(item, 0), pending);
        }
        let reply = plain(call, world).await?;
        release(&asked, item, world).await?;
        Ok(reply)
    }

    async fn create_vpc_endpoint(
        &self,
        mut call: Call,
        mut form: Form,
        world: &Arc<World>,
    ) -> Result<Reply, ServiceError> {
        let pending = world.settings.get().pending_describes;
        if form.get("VpcEndpointType").is_none() {
            form.0.push(("VpcEndpointType".to_owned(), "Gateway".to_owned()));
            call.set_form(&form);
        }
        let mut answer = ask(call, world).await?;
        if let Some(item) = answer.child_mut("vpcEndpoint") {
            let gateway = item.text_at("vpcEndpointType") == "Gateway";
            let life = Life::vpc_endpoint(item, if gateway { 0 } else { pending });
            let id = item.text_at("vpcEndpointId").to_owned();
            self.lives.begin(&id, life);
            self.lives.show(item, &lists::VPC_ENDPOINTS, false);
        }
        Ok(Reply::xml(&answer))
    }

    async fn delete_vpc_endpoints(
        &self,
        mut call: Call,
        form: &Form,
        world: &Arc<World>,
    ) -> Result<Reply, ServiceError> {
        let asked = Asked::of(&call);
        let all = asked.list(world, "DescribeVpcEndpoints", &[], "vpcEndpointSet").await?;
        let mut unsuccessful = Element::new("unsuccessful");
        let mut known =
            Form::of([("Action", "DeleteVpcEndpoints"), ("Version", call.service.mark)]);
        let mut deleted = Vec::new();
        for id in form.list("VpcEndpointId") {
            let item = all.iter().find(|item| {
                item.text_at("vpcEndpointId") == id && item.text_at("state") != "deleted"
            });
            if let Some(item) = item {
                deleted.push((id, item));
                known.0.push((format!("VpcEndpointId.{}", deleted.len()), id.to_owned()));
                continue;
            }
            let message = format!("The Vpc Endpoint Id '{id}' does not exist");
            let error = Element::new("error")
                .with(Element::text("code", "InvalidVpcEndpoint.NotFound"))
                .with(Element::text("message", message));
            unsuccessful
                .children
                .push(Element::new("item").with(error).with(Element::text("resourceId", id)));
        }
        if !deleted.is_empty() {
            call.set_form(&known);
            ask_ref(&mut call, world).await?;
        }
        let pending = world.settings.get().pending_describes;
        for (id, item) in deleted {
            self.lives.end(id, Life::vpc_endpoint(item, 0), pending);
            for interface in self.lives.interfaces(id) {
                let parameters = [("NetworkInterfaceId", interface.as_str())];
                ignore_missing(asked.query(world, "DeleteNetworkInterface", &parameters).await)?;
            }
        }
        let answer = Element::new("DeleteVpcEndpointsResponse")
            .with_attribute("xmlns", "http://ec2.amazonaws.com/doc/2016-11-15/")
            .with(Element::text("requestId", &call.request_id))
            .with(unsuccessful);
        Ok(Reply::xml(&answer))
    }

    /// A list of things whose state takes time: moto does not know the states, nor half of the filters, so it is asked
    /// for all.
    async fn describe_lives(
        &self,
        mut call: Call,
        form: Form,
        world: &Arc<World>,
        list: &lists::List,
    ) -> Result<Reply, ServiceError> {
        let (ours, theirs) = list.split(form.filters());
        let mut stripped = form.clone();
        stripped.set_filters(&theirs);
        call.set_form(&stripped);
        let operation = call.operation.clone();
        let mut answer = ask(call, world).await?;
        let Some(set) = answer.child_mut(list.set) else { return Ok(Reply::xml(&answer)) };
        set.children.retain_mut(|item| self.lives.show(item, list, true) && ours.cover(item, list));
        let missing = form.list(list.parameter).into_iter().find(|id| {
            !set.children.iter().any(|item| item.text_at(list.id) == *id) && ours.is_empty()
        });
        if let Some(id) = missing.filter(|_| theirs.is_empty()) {
            return Err(ServiceError::new(
                list.not_found,
                format!("The {} {id} does not exist", list.noun),
            ));
        }
        Ok(Reply::xml(&lists::without_hidden(&operation, &form, answer, world)))
    }
}

/// Takes back what moto leaves to a NAT gateway that is gone: its address and its network interface.
async fn release(asked: &Asked, item: &Element, world: &Arc<World>) -> Result<(), ServiceError> {
    for address in item.items("natGatewayAddressSet") {
        let association = address.text_at("associationId");
        if !association.is_empty() {
            let parameters = [("AssociationId", association)];
            ignore_missing(asked.query(world, "DisassociateAddress", &parameters).await)?;
        }
        let interface = [("NetworkInterfaceId", address.text_at("networkInterfaceId"))];
        ignore_missing(asked.query(world, "DeleteNetworkInterface", &interface).await)?;
    }
    Ok(())
}

fn ignore_missing(answer: Result<Element, ServiceError>) -> Result<(), ServiceError> {
    match answer {
        Ok(_) => Ok(()),
        Err(error) if error.code.ends_with(".NotFound") || error.code.ends_with("NotFound") => {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Account and region of a call, to ask moto further in them.
#[derive(Clone, Debug)]
struct Asked {
    account: String,
    region: String,
}

impl Asked {
    fn of(call: &Call) -> Self {
        Self { account: call.account().to_owned(), region: call.region.clone() }
    }

    async fn query(
        &self,
        world: &Arc<World>,
        operation: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Element, ServiceError> {
        let order = Order {
            emulator: Some(Kind::Moto),
            ..Order::new("ec2", &self.account, &self.region, operation)
        };
        world.query(order, parameters).await
    }

    /// The items of a list.
    async fn list(
        &self,
        world: &Arc<World>,
        operation: &str,
        parameters: &[(&str, &str)],
        set: &str,
    ) -> Result<Vec<Element>, ServiceError> {
        Ok(self.query(world, operation, parameters).await?.items(set).to_vec())
    }

    /// The items of a list that a filter covers.
    async fn filtered(
        &self,
        world: &Arc<World>,
        operation: &str,
        filter: (&str, &str),
        set: &str,
    ) -> Result<Vec<Element>, ServiceError> {
        let parameters = [("Filter.1.Name", filter.0), ("Filter.1.Value.1", filter.1)];
        self.list(world, operation, &parameters, set).await
    }
}

/// moto's answer as it is.
async fn plain(call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
    let request_id = call.request_id.clone();
    let mut reply = world.moto.answer(call, world).await?;
    if let Body::Whole(body) = &reply.body {
        // moto writes the same id into each answer, and the states of a subnet's IPv6 blocks as Python shows them.
        let text = String::from_utf8_lossy(body);
        let text = text.replace("request-id</", &format!("{request_id}</"));
        let text = ["associated", "disassociated"]
            .into_iter()
            .fold(text, |text, state| text.replace(&format!("{{'State': '{state}'}}"), state));
        reply.headers.remove(http::header::CONTENT_LENGTH);
        reply.body = Body::Whole(text.into());
    }
    Ok(reply)
}

/// moto's answer as an element.
async fn ask(mut call: Call, world: &Arc<World>) -> Result<Element, ServiceError> {
    ask_ref(&mut call, world).await
}

async fn ask_ref(call: &mut Call, world: &Arc<World>) -> Result<Element, ServiceError> {
    let again = Call {
        service: call.service,
        operation: call.operation.clone(),
        protocol: call.protocol,
        labels: std::mem::take(&mut call.labels),
        caller: call.caller.clone(),
        region: call.region.clone(),
        method: call.method.clone(),
        uri: call.uri.clone(),
        headers: call.headers.clone(),
        body: std::mem::replace(&mut call.body, Body::empty()),
        request_id: call.request_id.clone(),
        peer: call.peer.clone(),
    };
    let answer = parse_element(plain(again, world).await?).await?;
    Ok(with_request_id(answer, call))
}

fn with_request_id(mut answer: Element, call: &Call) -> Element {
    answer.set_text("requestId", &call.request_id);
    answer
}

fn items_mut(set: &mut Element) -> std::slice::IterMut<'_, Element> {
    set.children.iter_mut()
}
