// The API of @tenfold/backend-testkit, written by `npm run api` from the built types. Lint compares.
export declare class CheckReport implements Measured {
    readonly dtypes: Set<DType>;
    gradients: number;
    inPlace: number;
    refused: number;
    relative: number;
    secondGradients: number;
    traces: number;
    ulps: number;
    values: number;
}
export interface ConformOptions {
    readonly filter?: string;
    progress?(done: number, total: number, name: string): void;
    readonly tier?: Tier;
}
export interface ConformReport {
    readonly asked: Tier;
    readonly device: string;
    readonly failed: number;
    readonly failures: readonly Failure[];
    readonly families: readonly FamilyCount[];
    readonly passed: number;
    readonly reached: 0 | Tier | null;
    readonly speed: readonly Speed[];
    readonly warnings: readonly string[];
}
export declare class ConformanceError extends Error {
    constructor(message: string, options?: ErrorOptions & {
        readonly sample?: Sample | undefined;
    });
    readonly name = "ConformanceError";
    readonly sample?: Sample;
}
export interface ConformanceTest {
    readonly family: 'programs' | 'random' | Family;
    readonly name: string;
    readonly op: string;
    run(): Promise<CheckReport>;
    readonly sample?: Sample;
}
export type Encoded = boolean | number | string;
export interface Failure {
    readonly count: number;
    readonly family: TierTest['family'];
    readonly link: string;
    readonly message: string;
    readonly name: string;
    readonly op: string;
    readonly sample?: Sample | undefined;
    readonly tier: Tier;
}
export type Family = (typeof families)[number];
export interface FamilyCount {
    readonly failed: number;
    readonly family: TierTest['family'];
    readonly passed: number;
    readonly tier: Tier;
}
export interface InputData extends TensorData {
    readonly requiresGrad?: true;
    readonly view?: Layout;
}
export interface Measured {
    relative: number;
    ulps: number;
}
export interface NoCase {
    readonly none: string;
}
export interface OpCase {
    call(inputs: readonly Json[], args: Json, device: string): Results;
    callAsync?(inputs: readonly Json[], args: Json): Promise<Results>;
    readonly exclude?: {
        readonly [sample: string]: string;
    };
    inplace?(inputs: readonly Json[], args: Json): Results;
    inplaceAsync?(inputs: readonly Json[], args: Json): Promise<Results>;
    readonly reads?: true;
    readonly tolerance?: {
        readonly [dtype: string]: Tolerance;
    };
    readonly toleranceReason?: string;
}
export interface OpFixture {
    readonly op: string;
    readonly samples: readonly Sample[];
}
export interface ProgramsFixture {
    readonly programs: readonly TorchProgram[];
    readonly refused: readonly RefusedProgram[];
    readonly torch: string;
}
export interface ReportOptions {
    readonly device?: string | undefined;
}
export type Results = Tensor | readonly Tensor[];
export interface Sample {
    readonly args?: {
        readonly [name: string]: unknown;
    };
    readonly gradError?: string;
    readonly gradFn?: readonly (null | string)[];
    readonly gradOut?: Grads;
    readonly gradgrads?: {
        readonly gradOut: Grads;
        readonly inputs: Grads;
        readonly v: Grads;
    };
    readonly grads?: Grads;
    readonly inplace?: true;
    readonly inputs: readonly (Encoded | InputData | null)[];
    readonly name: string;
    readonly outputs: readonly TensorData[];
}
export type SamplePart = 'all' | 'gradients' | 'values';
export interface Speed {
    readonly derivedMilliseconds: number;
    readonly milliseconds: number;
    readonly op: string;
    readonly operands: string;
    readonly ratio: number;
    readonly work: string;
}
export type Target = Backend<any> | PromiseLike<Backend<any>> | string;
export interface TensorData {
    readonly data: readonly Encoded[];
    readonly dtype: DType;
    readonly shape: readonly number[];
}
export type Tier = 1 | 2 | 3;
export interface TierTest extends Omit<ConformanceTest, 'family' | 'run'> {
    readonly family: 'faults' | 'memory' | 'overrides' | 'soak' | 'views' | ConformanceTest['family'];
    run(): Promise<unknown>;
    readonly tier: Tier;
}
export type Tolerance = {
    readonly atol: number;
    readonly rtol: number;
} | {
    readonly of: 'element' | 'largest' | 'largestOr1';
    readonly ulps: number;
};
export declare const accumulated: Tolerance;
export declare function allowance(tolerance: Tolerance, dtype: DType, largest: number): (magnitude: number) => number;
export declare function badge({ reached }: ConformReport): string;
export declare function caseOf(op: string): OpCase | undefined;
export declare const composed: Tolerance;
export declare function conform(target: Target, options?: ConformOptions): Promise<ConformReport>;
export declare function conformanceTests(device: string, part?: SamplePart): Promise<ConformanceTest[]>;
export declare function decode(value: Encoded): bigint | number;
export declare const families: readonly [
    "elementwise",
    "activation",
    "reduce",
    "movement",
    "index",
    "create",
    "linalg",
    "softmax",
    "loss",
    "conv",
    "pool",
    "spatial",
    "decomposition",
    "norm",
    "attention"
];
export declare function loadBackend(url: string): Promise<string>;
export declare function loadFixture(family: Family): Promise<readonly OpFixture[]>;
export declare const loadPrograms: () => Promise<ProgramsFixture>;
export declare function makeInput(input: Encoded | InputData | null, device: string, withGrad: boolean): Tensor | null | number;
export declare function makeTensorOf({ shape, dtype, data }: TensorData, device: string): Tensor;
export declare const methodCases: {
    readonly [name: string]: OpCase;
};
export declare const opCases: Cases<BuiltinOps>;
export declare function textReport(report: ConformReport, module: string, options?: ReportOptions): string;
export declare function tierTests(device: string, upTo?: Tier): Promise<TierTest[]>;
export declare const tolerances: {
    readonly [D in DType]: Tolerance;
};
export declare function useBackend<B>(backend: Backend<B>): Promise<string>;
export declare function watched<B>(runtime: Runtime<B>): Runtime<B>;

// not exported, but named above
interface AnyProgram {
    readonly leaves: readonly InputData[];
    readonly name: string;
    readonly steps: readonly ProgramStep[];
}
type Cases<Ops> = {
    readonly [K in keyof Ops]: NoCase | OpCase;
};
type Grads = readonly (TensorData | null)[];
type Json = any;
type Layout = 'expand' | 'slice' | 'transpose';
type ProgramOperand = TensorData | null | number | string;
interface ProgramStep {
    readonly args?: {
        readonly [name: string]: unknown;
    };
    readonly inputs: readonly ProgramOperand[];
    readonly noGrad?: true;
    readonly op: string;
}
interface RefusedProgram extends AnyProgram {
    readonly error: string;
    readonly when: 'gradient' | 'plain' | 'step' | 'twice';
}
interface TorchProgram extends AnyProgram {
    readonly grads: readonly (TensorData | null)[];
    readonly seconds?: readonly (TensorData | null)[];
    readonly values: readonly TensorData[];
}
