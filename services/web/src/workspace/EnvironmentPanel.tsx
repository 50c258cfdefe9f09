/** An environment in a side panel: edited in place, its secrets set but never shown, its history. */
import type { Environment } from "@agentbus/contracts";
import { ActionIcon, Button, Drawer, Group, PasswordInput, Stack, Tabs, Text, Textarea, TextInput } from "@mantine/core";
import { IconKey, IconTrash } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useSecrets } from "~/api/workspace";
import { Trouble } from "~/frame/States";
import { History } from "./History";
import { useEnvironments } from "./useDocuments";
import { useEdit } from "./useEdit";
import { useWorkspace } from "./WorkspaceProvider";

export function EnvironmentPanel() {
  const { id } = useParams({ from: "/workspace/environments/$id" });
  const navigate = useNavigate();
  const environment = useEnvironments()?.find((each) => each.id === id);
  const close = () => void navigate({ to: "/workspace/environments", resetScroll: false });
  return (
    <Drawer opened onClose={close} title="Environment" closeButtonProps={{ "aria-label": "Close" }}>
      {environment && <Panel key={id} environment={environment} onGone={close} />}
    </Drawer>
  );
}

function Panel({ environment, onGone }: { environment: Environment; onGone: () => void }) {
  const { workspace } = useWorkspace();
  const name = useEdit("environments", environment.id, "name", environment.name ?? "");
  const description = useEdit("environments", environment.id, "description", environment.description ?? "");
  const organization = useEdit("environments", environment.id, "githubOrganization", environment.githubOrganization ?? "");
  const repository = useEdit("environments", environment.id, "githubRepository", environment.githubRepository ?? "");
  return (
    <Tabs defaultValue="details" keepMounted={false}>
      <Tabs.List mb="md">
        <Tabs.Tab value="details">Details</Tabs.Tab>
        <Tabs.Tab value="secrets">Secrets</Tabs.Tab>
        <Tabs.Tab value="history">History</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="details">
        <Stack>
          <TextInput label="Name" data-autofocus {...name} />
          <Textarea label="Description" autosize minRows={2} {...description} />
          <Group grow>
            <TextInput label="GitHub organization" {...organization} />
            <TextInput label="GitHub repository" {...repository} />
          </Group>
          <Group>
            <Button
              variant="subtle"
              color="red"
              leftSection={<IconTrash size={16} />}
              onClick={() => {
                void workspace?.remove("environments", environment.id);
                onGone();
              }}
            >
              Delete
            </Button>
          </Group>
        </Stack>
      </Tabs.Panel>
      <Tabs.Panel value="secrets">
        <Secrets environmentId={environment.id} />
      </Tabs.Panel>
      <Tabs.Panel value="history">
        <History collection="environments" id={environment.id} />
      </Tabs.Panel>
    </Tabs>
  );
}

function Secrets({ environmentId }: { environmentId: string }) {
  const { list, put, remove } = useSecrets(environmentId);
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const problem = list.error ?? put.error ?? remove.error;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    put.mutate(
      { name, value },
      {
        onSuccess: () => {
          setName("");
          setValue("");
        },
      },
    );
  };
  return (
    <Stack>
      {problem && <Trouble error={problem} safe="Secrets are only kept by the server, so they need a connection." />}
      {list.data?.body.map((secret) => (
        <Group key={secret.name} justify="space-between">
          <Group gap="xs">
            <IconKey size={16} aria-hidden />
            <Text size="sm" ff="monospace">
              {secret.name}
            </Text>
            <Text size="xs" c="var(--quiet)">
              set by {secret.updated_by}
            </Text>
          </Group>
          <ActionIcon variant="subtle" color="red" aria-label={`Remove ${secret.name}`} onClick={() => remove.mutate(secret.name)}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
      <form onSubmit={submit}>
        <Stack gap="xs">
          <TextInput label="Name" placeholder="GITHUB_TOKEN" value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <PasswordInput label="Value" description="Encrypted, and never shown again." autoComplete="off" value={value} onChange={(event) => setValue(event.currentTarget.value)} />
          <Group>
            <Button type="submit" loading={put.isPending} disabled={!name || !value}>
              Set the secret
            </Button>
          </Group>
        </Stack>
      </form>
    </Stack>
  );
}
