import { type GraphiQLPlugin, useGraphiQL } from "@graphiql/react";
import type { ChangeEvent } from "react";

import { chosenFiles, fileKey, uploadPaths } from "./files";
import { FilesIcon } from "./icons";

function useUploads(): { key: string; label: string }[] {
  const { documentAST, operationName, schema } = useGraphiQL((state) => ({
    documentAST: state.documentAST,
    operationName: state.operationName,
    schema: state.schema,
  }));
  return uploadPaths(documentAST, operationName, schema).map((path) => ({
    key: fileKey(operationName, path),
    label: path.at(-1) ?? "",
  }));
}

/** One file picker for each `Upload` in the variables of the active tab. */
export function FilePickers() {
  const uploads = useUploads();
  const files = chosenFiles.use();
  return uploads.map(({ key, label }) => (
    <FilePicker key={key} label={label} file={files[key]} onChoose={(file) => chosenFiles.set({ [key]: file })} />
  ));
}

interface FilePickerProps {
  label: string;
  file: File | undefined;
  onChoose: (file: File | undefined) => void;
}

function FilePicker({ label, file, onChoose }: FilePickerProps) {
  const choose = (event: ChangeEvent<HTMLInputElement>) => onChoose(event.target.files?.[0]);
  return (
    <label className="gateway-file">
      <span>
        File for <code>{label}</code>
      </span>
      <input type="file" accept="image/*" onChange={choose} />
      <span className="gateway-file-button">Choose a file</span>
      <span className="gateway-hint">{file === undefined ? "none chosen" : `${file.name}, ${kibibytes(file)}`}</span>
    </label>
  );
}

function kibibytes(file: File): string {
  return `${Math.ceil(file.size / 1024).toLocaleString()} KiB`;
}

function FilesPanel() {
  const uploads = useUploads();
  return (
    <section aria-label="Files" className="gateway-panel">
      <h2>Files</h2>
      <p>
        Files for the variables of type <code>Upload</code> in the active tab. They are sent by the GraphQL multipart
        request specification.
      </p>
      {uploads.length === 0 && <p className="gateway-hint">The active tab has no such variable.</p>}
      <FilePickers />
    </section>
  );
}

export const FILES_PLUGIN: GraphiQLPlugin = { title: "Files", icon: FilesIcon, content: FilesPanel };
