import { countHealth, type DoctorReport } from './doctor-report.ts';
import { jsonText } from './json.ts';

export function renderDoctorJson({ status, orgs, findings, requests, durationMs }: DoctorReport): string {
  return jsonText({
    version: 1,
    command: 'doctor',
    status,
    orgs,
    summary: countHealth(findings),
    checks: findings.map(({ id, area, status: health, message, mend }) => ({
      id,
      area,
      status: health,
      message,
      ...(mend === undefined ? {} : { mend }),
    })),
    requests: { github: requests.github, permit: requests.permit },
    durationMs,
  });
}
