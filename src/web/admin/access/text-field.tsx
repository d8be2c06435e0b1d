import { useId } from "preact/hooks";

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly placeholder?: string;
  /** A sentence below the field. */
  readonly hint?: string | undefined;
  /** The hint is about a fault of the value. */
  readonly isWrong?: boolean;
  readonly isRequired?: boolean;
  /** The field has the focus when its dialog opens. */
  readonly isFirst?: boolean;
  readonly maxLength?: number;
  /** More than one makes the field a text of several lines. */
  readonly lines?: number;
}

/** A field for names and ids, which browsers neither complete nor correct. */
export function TextField(props: TextFieldProps) {
  const {
    hint,
    isFirst = false,
    isRequired = false,
    isWrong = false,
    label,
    lines = 1,
    maxLength,
    placeholder,
    set,
    value,
  } = props;
  const id = useId();
  const attributes = {
    id,
    value,
    required: isRequired,
    autocomplete: "off",
    autocapitalize: "off" as const,
    spellcheck: false,
    "aria-invalid": isWrong,
    ...(isFirst && { autofocus: true }),
    ...(placeholder !== undefined && { placeholder }),
    ...(maxLength !== undefined && { maxLength }),
    ...(hint !== undefined && { "aria-describedby": `${id}-hint` }),
  };
  return (
    <div class="text-field">
      <label for={id}>{label}</label>
      {lines > 1 ? (
        <textarea {...attributes} rows={lines} onInput={({ currentTarget }) => set(currentTarget.value)} />
      ) : (
        <input {...attributes} onInput={({ currentTarget }) => set(currentTarget.value)} />
      )}
      {hint !== undefined && (
        <p id={`${id}-hint`} class={isWrong ? "hint wrong" : "hint"}>
          {hint}
        </p>
      )}
    </div>
  );
}
