import { useI18n } from "vue-i18n";

import type { GroupForm } from "./useGroupForm";

/** The words for a field's fault. What is only missing is said when one has tried to save. */
export function useFault(form: GroupForm) {
  const { t } = useI18n();
  return (field: string) => {
    const fault = form.faults.value[field];
    if (!fault || (!form.hasTried.value && (fault === "required" || fault === "noUpstream"))) return undefined;
    return t(`groupForm.fault.${fault}`);
  };
}
